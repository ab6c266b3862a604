// The page that the tests drive: the package, and a few things that are shorter to say here than in each test.
import {open, type OpenOptions, type Store} from '../../../wasm/js/browser.js';

export interface TestPage {
    readonly open: typeof open;
    store: Store;
    readonly events: {readonly event: string; readonly detail: unknown}[];
    /** Adds that were confirmed, by name of their document. */
    confirmed: number;
    start(options: OpenOptions): Promise<{role: string; storage: string; replica: string}>;
    add(id: string, amount?: number, space?: string): Promise<void>;
    /** Adds one for ever, one after another or several at a time, until `stop`. */
    load(id: string, atOnce: number): void;
    stop(): Promise<number>;
    count(id: string): number;
    tokens: string[];
}
declare global {
    interface Window {
        syncline: TestPage;
        /** Of the test: hears of each confirmed add. */
        confirmed?: (count: number) => Promise<void>;
    }
}

let loading: Promise<unknown>[] = [];
let stopped = false;

window.syncline = {
    open,
    store: undefined as unknown as Store,
    events: [],
    confirmed: 0,
    tokens: [],
    async start(options) {
        const page = window.syncline;
        const token = page.tokens.length > 0 ? {token: () => page.tokens[Math.min(page.tokens.length, ++asked) - 1] as string} : {};
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
        loading = Array.from({length: atOnce}, async () => {
            while (!stopped) {
                await window.syncline.add(id);
                window.syncline.confirmed++;
                await window.confirmed?.(window.syncline.confirmed);
            }
        });
    },
    async stop() {
        stopped = true;
        await Promise.all(loading);
        return window.syncline.confirmed;
    },
    count(id) {
        return (window.syncline.store.space('s').collection('tasks').get(id)?.['n'] as number | undefined) ?? 0;
    },
};
let asked = 0;
