import {Client} from '../../../wasm/js/client.js';
import {Leader, type Opened} from '../../../wasm/js/leader.js';
import {PageStore} from '../../../wasm/js/store.js';
import {Tab, type WorkerLike} from '../../../wasm/js/tab.js';
import type {FromWorker, ToWorker} from '../../../wasm/js/tabs.js';
import type {OpenOptions, Warning} from '../../../wasm/js/api.js';
import type {SynclineError} from '../../../wasm/js/errors.js';
import {FakeDisk, FakeEngine} from './fake-engine.js';

type Granted = (lock: Lock | null) => unknown;

/** Web Locks of one browser. Whoever asked can be ended: then what it holds is free, and what it waits for forgotten. */
class FakeLocks {
    private readonly queues = new Map<string, {owner: object; granted: Granted; running: boolean}[]>();

    of(owner: object): Pick<LockManager, 'request'> {
        const request = (name: string, ...rest: unknown[]): Promise<unknown> => {
            const granted = rest.at(-1) as Granted;
            const queue = this.queues.get(name) ?? [];
            this.queues.set(name, queue);
            queue.push({owner, granted, running: false});
            this.next(name);
            return new Promise(() => undefined);
        };
        return {request: request as LockManager['request']};
    }
    end(owner: object): void {
        for (const [name, queue] of this.queues) {
            this.queues.set(name, queue.filter((entry) => entry.owner !== owner));
            this.next(name);
        }
    }
    private next(name: string): void {
        const first = this.queues.get(name)?.[0];
        if (first === undefined || first.running) return;
        first.running = true;
        queueMicrotask(() => {
            void Promise.resolve(first.granted(null)).then(() => {
                const queue = this.queues.get(name) ?? [];
                this.queues.set(name, queue.filter((entry) => entry !== first));
                this.next(name);
            });
        });
    }
}

/** A worker in this process. Ended, it says and hears nothing more, and its file is let go. */
class FakeWorker implements WorkerLike {
    onmessage: ((event: MessageEvent<FromWorker>) => void) | null = null;
    onerror: ((event: ErrorEvent) => void) | null = null;
    engine: FakeEngine | null = null;
    /** What it would say is kept back, as if it had died before. */
    mute = false;
    hung = false;
    private ended = false;
    private readonly leader: Leader;

    constructor(private readonly browser: FakeBrowser) {
        this.leader = new Leader(
            {
                toPage: (message) => {
                    if (!this.mute) setImmediate(() => this.ended || this.onmessage?.({data: structuredClone(message)} as MessageEvent<FromWorker>));
                },
                locks: browser.locks.of(this),
                end: () => this.terminate(),
            },
            async (): Promise<Opened> => {
                if (this.browser.refuse !== null) throw this.browser.refuse;
                this.engine = new FakeEngine(browser.disk);
                return {
                    engine: this.engine,
                    options: {
                        storage: 'opfs',
                        warnings: [],
                        estimate: () => browser.estimate(),
                        ...(browser.storesLater ? {durable: () => this.durable()} : {}),
                    },
                    close: () => Promise.resolve(),
                    erase: async () => {
                        await browser.beforeErase();
                        browser.disk.documents.clear();
                    },
                };
            },
        );
    }
    private durable(): Promise<void> {
        const {unstored} = this.browser;
        if (unstored === null) return Promise.resolve();
        setImmediate(() => void this.leader.broken(unstored));
        return Promise.reject(unstored);
    }
    postMessage(message: ToWorker): void {
        setImmediate(() => this.ended || this.hung || this.leader.received(structuredClone(message)));
    }
    terminate(): void {
        if (this.ended) return;
        this.ended = true;
        this.leader.die();
        this.engine?.close();
        this.browser.locks.end(this);
    }
}

/** A tab: a page and its worker. */
export class FakeTab {
    readonly client: Client;
    readonly tab: Tab;
    readonly store: PageStore;
    worker: FakeWorker | null = null;
    readonly events: string[] = [];
    readonly warnings: Warning[] = [];

    constructor(
        private readonly browser: FakeBrowser,
        options: OpenOptions,
    ) {
        this.client = new Client({
            tab: crypto.randomUUID(),
            schema: options.schema === undefined ? null : JSON.stringify(options.schema),
            url: options.url ?? null,
            token: options.token,
        });
        this.tab = new Tab(
            this.client,
            {
                name: browser.name,
                storage: 'auto',
                wasmUrl: null,
                startWorker: () => (this.worker = new FakeWorker(browser)),
                locks: browser.locks.of(this),
            },
            {
                roleChanged: () => this.store.roleChanged(),
                clashed: (detail) => this.store.clashed(detail),
                failed: (error) => this.store.failed(error),
            },
        );
        this.store = new PageStore(browser.name, this.client, {role: () => this.tab.role, close: () => this.tab.close()});
        this.store.on('warning', (warning) => this.warnings.push(warning));
        this.store.on('role', ({role}) => this.events.push(role));
        this.store.on('wiped', () => this.events.push('wiped'));
        this.store.on('version_clash', ({theirs}) => this.events.push(`clash ${theirs}`));
    }

    /** The tab's process is killed: nothing is said, everything is free. */
    kill(): void {
        this.client.detach();
        this.tab.die();
        this.worker?.terminate();
        this.browser.locks.end(this);
    }
}

/** Tabs of one browser that have one store open. */
export class FakeBrowser {
    readonly locks = new FakeLocks();
    readonly disk = new FakeDisk();
    readonly name = `fake-${crypto.randomUUID()}`;
    refuse: Error | null = null;
    /** Erasing the store waits for it, and fails with it. */
    beforeErase: () => Promise<void> = () => Promise.resolve();
    /** A commit is stored after it was made, as in IndexedDB; that fails with it, and then the engine can do nothing more. */
    storesLater = false;
    unstored: SynclineError | null = null;
    /** What the origin may store, in bytes. */
    room: {readonly usage?: number; readonly quota?: number} = {usage: 1, quota: 100};
    estimate: () => Promise<{readonly usage?: number; readonly quota?: number}> = () => Promise.resolve(this.room);
    private readonly tabs: FakeTab[] = [];

    async open(options: Partial<OpenOptions> = {}): Promise<FakeTab> {
        const tab = new FakeTab(this, {name: this.name, ...options});
        this.tabs.push(tab);
        await tab.tab.start();
        await tab.store.opened;
        return tab;
    }
    /** The engine that leads now. */
    get engine(): FakeEngine {
        if (this.disk.openBy === null) throw new Error('nobody leads');
        return this.disk.openBy;
    }
    leaders(): FakeTab[] {
        return this.tabs.filter(({store, worker}) => store.role === 'leader' && worker?.engine === this.disk.openBy);
    }
    close(): void {
        for (const tab of this.tabs) tab.kill();
    }
}

/** Until the condition holds. */
export async function until(holds: () => boolean, what: string): Promise<void> {
    const end = Date.now() + 10_000;
    while (!holds()) {
        if (Date.now() > end) throw new Error(`it did not come to pass: ${what}`);
        await new Promise((resolve) => setImmediate(resolve));
    }
}
