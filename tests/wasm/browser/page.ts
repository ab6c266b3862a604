// The page that the tests drive: the package, and a few things that are shorter to say here than in each test.
import {open, type OpenOptions, type Store} from '../../../wasm/js/browser.js';

export interface TestPage {
    readonly open: typeof open;
    store: Store;
    readonly events: {readonly event: string; readonly detail: unknown}[];
    /** Adds of `load` that were confirmed. */
    confirmed: number;
    start(options: OpenOptions): Promise<{role: string; storage: string; replica: string}>;
    add(id: string, amount?: number, space?: string): Promise<void>;
    /** Adds one for ever, one after another or several at a time, until `stop`. Several documents may be loaded so. */
    load(id: string, atOnce: number): void;
    stop(): Promise<number>;
    count(id: string): number;
    /** What is given when a token is asked for, one after another; the last one again and again. */
    tokens: string[];
    tokensGiven: number;
}
declare global {
    interface Window {
        syncline: TestPage;
        /** Of the test: hears of each confirmed add, by name of its document. */
        confirmed?: (id: string) => Promise<void>;
        /** Those that the page started. */
        readonly workers: readonly Worker[];
    }
}

const workers: Worker[] = [];
Object.assign(window, {
    workers,
    Worker: class extends Worker {
        constructor(...words: ConstructorParameters<typeof Worker>) {
            super(...words);
            workers.push(this);
        }
    },
});

let loading: Promise<unknown>[] = [];
let stopped = false;

window.syncline = {
    open,
    store: undefined as unknown as Store,
    events: [],
    confirmed: 0,
    tokens: [],
    tokensGiven: 0,
    async start(options) {
        const page = window.syncline;
        const next = (): string => page.tokens[Math.min(page.tokens.length, ++page.tokensGiven) - 1] as string;
        const token = page.tokens.length > 0 ? {token: next} : {};
        const store = await open({...options, ...token});
        page.store = store;
        for (const event of ['warning', 'rejected', 'version_clash', 'role', 'wiped'] as const) {
            store.on(event, (detail) => void page.events.push({event, detail}));
        }
        await store.space('s').collection('tasks').load();
        return {role: store.role, storage: store.storage, replica: store.replica};
    },
    async add(id, amount = 1, space = 's') {
        await window.syncline.store.space(space).transact((tx) => tx.document('tasks', id).counter('n').add(amount));
    },
    load(id, atOnce) {
        stopped = false;
        const writers = Array.from({length: atOnce}, async () => {
            while (!stopped) {
                await window.syncline.add(id);
                window.syncline.confirmed++;
                await window.confirmed?.(id);
            }
        });
        loading = [...loading, ...writers];
    },
    async stop() {
        stopped = true;
        await Promise.all(loading);
        loading = [];
        return window.syncline.confirmed;
    },
    count(id) {
        return (window.syncline.store.space('s').collection('tasks').get(id)?.['n'] as number | undefined) ?? 0;
    },
};
