import type {Client} from './client.js';
import {SynclineError} from './errors.js';
import {PROTOCOL, VERSION, type PageLink, type Problem} from './protocol.js';
import {channelName, pageEnd, tabChannelName, tabLock, type FromWorker, type OnChannel, type OnTabChannel, type ToWorker} from './tabs.js';

/** Signs of life are asked for so often, and waited for so long. */
const pingEveryMs = 5_000;
const hungAfterMs = 30_000;
/** So long a worker may take to let go of the file. */
const closeWaitMs = 3_000;

/** What a tab does when something happens to it. */
export interface TabListener {
    roleChanged(): void;
    clashed(detail: {readonly ours: string; readonly theirs: string}): void;
    failed(error: SynclineError): void;
}

/** What `Tab` needs of a worker; a Worker is one. */
export interface WorkerLike {
    postMessage(message: ToWorker, transfer?: Transferable[]): void;
    terminate(): void;
    onmessage: ((event: MessageEvent<FromWorker>) => void) | null;
    onerror: ((event: ErrorEvent) => void) | null;
}

export interface TabOptions {
    readonly name: string;
    readonly storage: 'auto' | 'memory';
    readonly wasmUrl: string | null;
    readonly startWorker: () => WorkerLike;
    readonly locks: Pick<LockManager, 'request'>;
}

/** A tab: its worker, its lock, and its link to whoever leads. */
export class Tab {
    role: 'leader' | 'follower' = 'follower';
    private worker: WorkerLike | null = null;
    private readonly channel: BroadcastChannel;
    private readonly tabChannel: BroadcastChannel;
    private current: {readonly leader: string; received(message: OnTabChannel): void} | null = null;
    private ownLink: PageLink | null = null;
    private releaseLock: () => void = () => undefined;
    private pinging: ReturnType<typeof setInterval> | null = null;
    private lastPing = 0;
    private closed = false;
    private workerClosed: () => void = () => undefined;
    private readonly clashes = new Set<string>();

    constructor(
        private readonly client: Client,
        private readonly options: TabOptions,
        private readonly listener: TabListener,
    ) {
        this.channel = new BroadcastChannel(channelName(options.name));
        this.tabChannel = new BroadcastChannel(tabChannelName(options.name, client.tab));
        this.channel.onmessage = (event: MessageEvent<OnChannel>) => this.heard(event.data);
        this.tabChannel.onmessage = (event: MessageEvent<OnTabChannel>) => this.heardOwn(event.data);
        client.onbroken = () => this.rejoin();
    }

    /** Takes the tab's own lock, starts the worker, and looks for a leader. */
    async start(): Promise<void> {
        await new Promise<void>((taken) => {
            void this.options.locks.request(tabLock(this.options.name, this.client.tab), () => {
                taken();
                return new Promise<void>((release) => {
                    this.releaseLock = release;
                });
            });
        });
        if (this.closed) return this.releaseLock();
        this.startWorker();
        this.join();
    }

    /** The worker lets go of what it holds; then it is ended. */
    async close(): Promise<void> {
        if (this.closed) return;
        this.closed = true;
        if (this.pinging !== null) clearInterval(this.pinging);
        const worker = this.worker;
        if (worker !== null) {
            await new Promise<void>((resolve) => {
                this.workerClosed = resolve;
                setTimeout(resolve, closeWaitMs);
                worker.postMessage({t: 'close'});
            });
            worker.terminate();
        }
        this.channel.close();
        this.tabChannel.close();
        this.releaseLock();
    }

    /** As if the tab were gone. */
    die(): void {
        this.closed = true;
        if (this.pinging !== null) clearInterval(this.pinging);
        this.channel.close();
        this.tabChannel.close();
    }

    private startWorker(): void {
        const worker = this.options.startWorker();
        this.worker = worker;
        worker.onmessage = (event) => this.worker === worker && this.heardWorker(worker, event.data);
        worker.onerror = (event) => {
            if (this.worker !== worker) return;
            this.fail({code: 'unsupported', message: `the worker did not start: ${event.message ?? 'its script was not found or not allowed'}`});
        };
        const {name, storage, wasmUrl} = this.options;
        worker.postMessage({t: 'start', name, tab: this.client.tab, storage, wasmUrl});
    }

    private heardWorker(worker: WorkerLike, message: FromWorker): void {
        switch (message.t) {
            case 'leading':
                return this.lead(worker, message.leader);
            case 'to_page':
                this.ownLink?.onmessage?.(message.message);
                return;
            case 'pong':
                this.lastPing = message.ping;
                return;
            case 'clash':
                return this.clash(message.version);
            case 'failed':
                return this.fail(message.problem);
            case 'broken':
                return this.restartWorker(worker);
            case 'closed':
                this.workerClosed();
        }
    }

    private lead(worker: WorkerLike, leader: string): void {
        this.current = {leader, received: () => undefined};
        this.ownLink = {
            post: (message) => worker.postMessage({t: 'from_page', message}),
            onmessage: null,
            close: () => undefined,
        };
        this.setRole('leader');
        this.client.attach(this.ownLink);
        this.watchWorker(worker);
    }

    /** A worker that gives no sign of life is ended by its page, and by nobody else: then it is certain to have stopped. */
    private watchWorker(worker: WorkerLike): void {
        let ping = this.lastPing;
        if (this.pinging !== null) clearInterval(this.pinging);
        this.pinging = setInterval(() => {
            const sent = ++ping;
            worker.postMessage({t: 'ping', ping: sent});
            setTimeout(() => {
                // This page may have slept itself: what came meanwhile is handled first.
                setTimeout(() => this.worker === worker && !this.closed && this.lastPing < sent && this.restartWorker(worker), 1_000);
            }, hungAfterMs);
        }, pingEveryMs);
    }
    private restartWorker(worker: WorkerLike): void {
        if (this.pinging !== null) clearInterval(this.pinging);
        worker.terminate();
        this.setRole('follower');
        this.client.detach();
        this.current = null;
        this.startWorker();
        this.join();
    }

    private heard(message: OnChannel): void {
        if (message.t === 'leader') {
            if (this.role === 'leader') return;
            if (message.protocol !== PROTOCOL) return this.clash(message.version);
            this.join();
        } else if (message.t === 'clash' && message.tab === this.client.tab) {
            this.clash(message.version);
        }
    }
    private heardOwn(message: OnTabChannel): void {
        if (message.t !== 'joined') {
            this.current?.received(message);
        } else if (this.role !== 'leader') {
            const link = pageEnd(this.tabChannel, message.leader);
            this.current = {leader: message.leader, received: link.received};
            this.setRole('follower');
            this.client.attach(link);
        }
    }

    private rejoin(): void {
        const worker = this.worker;
        if (this.role === 'leader' && worker !== null && this.current !== null) this.lead(worker, this.current.leader);
        else this.join();
    }
    private join(): void {
        if (this.closed) return;
        this.channel.postMessage({t: 'join', tab: this.client.tab, protocol: PROTOCOL, version: VERSION} satisfies OnChannel);
    }
    private clash(theirs: string): void {
        if (this.clashes.has(theirs)) return;
        this.clashes.add(theirs);
        this.listener.clashed({ours: VERSION, theirs});
    }
    private fail(problem: Problem): void {
        this.listener.failed(new SynclineError(problem.code, problem.message));
    }
    private setRole(role: 'leader' | 'follower'): void {
        if (this.role === role) return;
        this.role = role;
        this.listener.roleChanged();
    }
}
