import {asError, type SynclineError} from './errors.js';
import type {EnginePort} from './engine-port.js';
import {PROTOCOL, VERSION, type EngineLink, type FromPage, type ToPage} from './protocol.js';
import {Server, type ServerOptions} from './server.js';
import type {Session} from './server-session.js';
import {channelName, leaderEnd, leaderLock, tabLock, type FromWorker, type OnChannel, type ToWorker} from './tabs.js';

/** The store's bytes and the engine on them, opened by the leader. */
export interface Opened {
    readonly engine: EnginePort;
    readonly options: Omit<ServerOptions, 'ended' | 'erase'>;
    /** After the engine was closed: lets the files go. */
    close(): Promise<void>;
    /** After that: deletes them. */
    erase(): Promise<void>;
}
export type OpenEngine = (start: Extract<ToWorker, {t: 'start'}>) => Promise<Opened>;

/** What a worker is to the leader in it: its page, locks. Tests have others. */
export interface LeaderHost {
    toPage(message: FromWorker, transfer?: Transferable[]): void;
    readonly locks: Pick<LockManager, 'request'>;
    /** Ends the worker. */
    end(): void;
}

/** So long the browser has to say how much room there is. */
const roomWaitMs = 1_000;
/** So long the pages have to hear that the store is wiped before another worker may lead. */
const wipedWaitMs = 1_000;

/** What a tab's worker does: waits for the lock, leads, serves all tabs, lets go. */
export class Leader {
    private readonly id = crypto.randomUUID();
    private own: EngineLink | null = null;
    private server: Server | null = null;
    private opened: Opened | null = null;
    private channel: BroadcastChannel | null = null;
    private readonly byTab = new Map<string, Session>();
    private readonly watched = new Set<string>();
    private release: () => void = () => undefined;
    private allLeft: () => void = () => undefined;
    private wiped = false;
    private closed = false;

    constructor(
        private readonly host: LeaderHost,
        private readonly open: OpenEngine,
    ) {}

    received(message: ToWorker): void {
        switch (message.t) {
            case 'start':
                void this.host.locks.request(leaderLock(message.name), () => this.lead(message));
                return;
            case 'from_page':
                this.own?.onmessage?.(message.message);
                return;
            case 'ping':
                return this.host.toPage({t: 'pong', ping: message.ping});
            case 'close':
                void this.close();
        }
    }

    /** The engine can do nothing more: another worker has to begin anew. Before that the pages hear why, if it is for want of room. */
    async broken({code, message}: SynclineError): Promise<void> {
        if (code === 'storage_full' && this.server !== null) {
            await Promise.race([this.server.quota.full(), new Promise((resolve) => setTimeout(resolve, roomWaitMs))]);
        }
        this.host.toPage({t: 'broken', problem: {code, message}});
    }

    /** As if the worker were gone: says nothing, hears nothing. For whoever has it in a process that goes on. */
    die(): void {
        this.closed = true;
        if (this.channel !== null) this.channel.close();
        if (this.server !== null) this.server.die();
        if (this.opened !== null) this.opened.engine.listener = null;
    }

    /** With the lock, until it resolves. */
    private async lead(start: Extract<ToWorker, {t: 'start'}>): Promise<void> {
        if (this.closed) return;
        const released = new Promise<void>((resolve) => {
            this.release = resolve;
        });
        try {
            this.opened = await this.open(start);
        } catch (thrown) {
            const {code, message} = asError(thrown, 'storage_failed');
            this.host.toPage({t: 'failed', problem: {code, message}});
            return;
        }
        const opened = this.opened;
        if (this.closed) return this.letGo();
        this.server = new Server(opened.engine, {
            ...opened.options,
            erase: async () => {
                this.wiped = true;
                await opened.close();
                await opened.erase();
                this.opened = null;
            },
            ended: () => undefined,
        });
        this.ownPage(this.server);
        this.channel = new BroadcastChannel(channelName(start.name));
        this.channel.onmessage = (event: MessageEvent<OnChannel>) => this.heard(start, event.data);
        this.say({t: 'leader', leader: this.id, protocol: PROTOCOL, version: VERSION});
        await released;
    }

    private ownPage(server: Server): void {
        this.own = {
            post: (message: ToPage, transfer) => this.host.toPage({t: 'to_page', message}, transfer),
            onmessage: null as ((message: FromPage) => void) | null,
            close: () => undefined,
        };
        server.join(this.own);
        this.host.toPage({t: 'leading', leader: this.id});
    }

    private heard({name, tab}: Extract<ToWorker, {t: 'start'}>, message: OnChannel): void {
        if (message.t !== 'join' || this.server === null) return;
        // Our own page was looking for a leader a moment ago.
        if (message.tab === tab) return;
        if (message.protocol !== PROTOCOL) {
            this.say({t: 'clash', tab: message.tab, protocol: PROTOCOL, version: VERSION});
            this.host.toPage({t: 'clash', version: message.version});
            return;
        }
        this.byTab.get(message.tab)?.close();
        const session = this.server.join(leaderEnd(name, message.tab, this.id));
        session.onbye = () => this.left(message.tab, session);
        this.byTab.set(message.tab, session);
        if (this.watched.has(message.tab)) return;
        // The tab's own lock is free when the tab is gone, however it went.
        this.watched.add(message.tab);
        void this.host.locks.request(tabLock(name, message.tab), {mode: 'shared'}, () => {
            this.watched.delete(message.tab);
            this.byTab.get(message.tab)?.close();
            this.left(message.tab, this.byTab.get(message.tab));
        });
    }
    private left(tab: string, session: Session | undefined): void {
        if (session !== undefined && this.byTab.get(tab) === session) this.byTab.delete(tab);
        if (this.byTab.size === 0) this.allLeft();
    }

    private say(message: OnChannel): void {
        this.channel?.postMessage(message);
    }

    private async close(): Promise<void> {
        if (this.closed) return;
        this.closed = true;
        if (this.wiped && this.byTab.size > 0) {
            await new Promise<void>((resolve) => {
                this.allLeft = resolve;
                setTimeout(resolve, wipedWaitMs);
            });
        }
        this.channel?.close();
        if (this.server !== null) await this.letGo();
        this.release();
        this.host.toPage({t: 'closed'});
        this.host.end();
    }

    private async letGo(): Promise<void> {
        const opened = this.opened;
        this.opened = null;
        if (opened === null) return;
        opened.engine.listener = null;
        await opened.options.durable?.().catch(() => undefined);
        opened.engine.close();
        await opened.close();
    }
}
