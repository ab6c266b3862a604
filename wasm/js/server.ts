import type {SyncStatus, Warning} from './api.js';
import {ClockWatch} from './clock-watch.js';
import type {EngineListener, EnginePort} from './engine-port.js';
import type {EngineLink, Tidings, Wish} from './protocol.js';
import {QuotaWatch, type Estimate} from './quota-watch.js';
import {Session} from './server-session.js';
import {TextHubs} from './text-hub.js';

export interface ServerOptions {
    readonly storage: 'file' | 'opfs' | 'indexeddb' | 'memory';
    /** What pages are told when they come: how the storage is less than it could be. */
    readonly warnings: readonly Warning[];
    /** How much room there is, where that can be asked. */
    readonly estimate?: Estimate;
    /** Where a commit is not durable when the engine says so: resolves when all that was committed until now is. */
    readonly durable?: () => Promise<void>;
    /** Where writing may find no room without anybody's asking: takes what is to be called then. */
    readonly onfull?: (full: () => void) => void;
    /** Deletes the file; the engine is closed by then. */
    readonly erase: () => Promise<void>;
    /** All is over: the store was wiped. */
    readonly ended: () => void;
}

/** A token that does not come in this time is not waited for. */
const tokenWaitMs = 10_000;

/**
 * The engine's side of all links: serves the pages of one store. It tells each page what that page holds, in order, and
 * each change before the answer to the request that made it.
 */
export class Server implements EngineListener {
    readonly texts: TextHubs;
    readonly quota: QuotaWatch;
    private readonly clock: ClockWatch;
    private readonly sessions = new Set<Session>();
    private readonly changedDocuments = new Map<string, Map<string, readonly [string, string]>>();
    private readonly statuses = new Map<string, {text: string; status: SyncStatus}>();
    private flushing = false;
    private wish: Wish = undefined;
    private schema: string | null = null;
    private replica: string;
    private lastToken = 0;
    private readonly tokensWanted = new Map<number, (token: string | null) => void>();
    /** The store is being wiped: nothing is asked of the engine any more, and nobody is answered. */
    over = false;
    /** The engine is closed: the store is being wiped, or that failed. */
    closed = false;

    constructor(
        readonly engine: EnginePort,
        readonly options: ServerOptions,
    ) {
        this.texts = new TextHubs(engine);
        this.replica = engine.replica;
        const warn = (warning: Warning): void => this.tellAll({t: 'warning', warning});
        this.quota = new QuotaWatch(options.estimate, warn);
        this.clock = new ClockWatch(warn);
        engine.listener = this;
        this.quota.wrote();
        options.onfull?.(() => void this.quota.full());
    }

    /** A page, by its link. The first one is asked first for tokens. */
    join(link: EngineLink): Session {
        const session = new Session(this, link);
        this.sessions.add(session);
        return session;
    }
    left(session: Session): void {
        this.sessions.delete(session);
    }
    /** All that somebody who comes now has to know. */
    get warnings(): readonly Warning[] {
        return [...this.options.warnings, this.quota.warning, this.clock.warning].filter((warning) => warning !== null);
    }
    get pages(): number {
        return this.sessions.size;
    }

    // ---- EngineListener

    changed(space: string, documents: readonly (readonly [string, string])[]): void {
        let changed = this.changedDocuments.get(space);
        if (changed === undefined) this.changedDocuments.set(space, (changed = new Map()));
        for (const key of documents) changed.set(JSON.stringify(key), key);
        this.flushSoon();
    }
    rejected(space: string, code: string, reason: string, change: string): void {
        this.tellAll({t: 'rejected', space, code, reason, change});
    }
    statusChanged(): void {
        this.flushSoon();
    }
    presenceChanged(space: string): void {
        const everybody = this.engine.presence(space);
        for (const session of this.sessions) session.tellPresence(space, everybody);
    }

    // ---- For sessions

    /** What the engine has done until now is told: documents, then texts, then statuses. */
    flush(): void {
        this.flushing = false;
        if (this.engine.replica !== this.replica) {
            this.replica = this.engine.replica;
            this.tellAll({t: 'replica', replica: this.replica});
        }
        for (const [space, changed] of this.changedDocuments) {
            this.changedDocuments.delete(space);
            this.tellChanged(space, [...changed.values()]);
        }
        for (const space of this.statuses.keys()) this.tellStatus(space);
    }

    /** The schema of the first page that has one; that of a page that brings another one has to follow it. */
    takeSchema(schema: string): void {
        if (this.schema === schema) return;
        this.engine.setSchema(schema);
        this.schema = schema;
    }

    /** What the first page wishes, and any page that knows what was wished at the leader before. */
    takeWish(wish: Wish): void {
        if (this.wish === undefined && wish !== undefined) this.setWish(wish);
    }
    setWish(wish: string | null): void {
        this.wish = wish;
        for (const session of this.sessions) session.tell({t: 'wish', wish});
        if (wish === null) this.engine.disconnect();
        else this.engine.connect(wish, () => this.token());
        this.flush();
    }
    get wished(): Wish {
        return this.wish;
    }

    status(space: string): SyncStatus {
        const known = this.statuses.get(space);
        if (known !== undefined) return known.status;
        const status = this.engine.status(space);
        this.statuses.set(space, {text: JSON.stringify(status), status});
        return status;
    }

    /** A document as pages are told it: `[collection, id, value or null, lists?]`. */
    told(space: string, collection: string, id: string): string {
        const value = this.engine.get(space, collection, id) ?? 'null';
        // Only what shows an array may have a list.
        const lists = value.includes('[') ? this.engine.lists(space, collection, id) : 'null';
        return `${JSON.stringify([collection, id]).slice(0, -1)},${value}${lists === 'null' ? '' : `,${lists}`}]`;
    }

    tokenCame(id: number, token: string | null): void {
        this.tokensWanted.get(id)?.(token);
    }

    async wipe(): Promise<void> {
        this.over = true;
        this.engine.listener = null;
        try {
            if (!this.closed) {
                this.closed = true;
                this.engine.disconnect();
                this.engine.close();
            }
            await this.options.erase();
        } catch (thrown) {
            // The file is still there: who asks from now on hears that the engine is closed, or wipes again.
            this.over = false;
            for (const session of this.sessions) session.answerLate();
            throw thrown;
        }
        this.tellAll({t: 'wiped'});
        this.options.ended();
    }

    /** As if the process were gone. */
    die(): void {
        for (const session of this.sessions) session.die();
    }

    private tellAll(tidings: Tidings): void {
        for (const session of this.sessions) session.tell(tidings);
    }

    private flushSoon(): void {
        if (this.flushing) return;
        this.flushing = true;
        queueMicrotask(() => this.flushing && this.engine.listener !== null && this.flush());
    }

    private tellChanged(space: string, keys: readonly (readonly [string, string])[]): void {
        const texts = new Map<string, string>();
        const textOf = (key: readonly [string, string]): string => {
            const name = JSON.stringify(key);
            let text = texts.get(name);
            if (text === undefined) {
                text = this.told(space, ...key);
                texts.set(name, text);
            }
            return text;
        };
        for (const session of this.sessions) {
            const mine = keys.filter((key) => session.holds(space, key));
            if (mine.length > 0) session.tell({t: 'changed', space, documents: `[${mine.map(textOf).join(',')}]`});
        }
        for (const [collection, id] of keys) this.texts.changed(space, collection, id);
    }

    private tellStatus(space: string): void {
        const status = this.engine.status(space);
        const text = JSON.stringify(status);
        const before = this.statuses.get(space);
        if (before?.text === text) return;
        this.statuses.set(space, {text, status});
        if (status.connection === 'connected' && before?.status.connection !== 'connected') this.clock.connected(this.engine.clockOffsetMs(space));
        // What others wrote finds no room.
        if (status.lastError?.code === 'storage_full') void this.quota.full();
        for (const session of this.sessions) session.tellStatus(space, status);
    }

    /** Asks the pages that have some, one after another, until one comes. */
    private async token(): Promise<string | null> {
        for (const session of this.sessions) {
            if (!session.hasToken) continue;
            const id = ++this.lastToken;
            const token = await new Promise<string | null>((resolve) => {
                this.tokensWanted.set(id, resolve);
                setTimeout(resolve, tokenWaitMs, null);
                session.tell({t: 'token', id});
            });
            this.tokensWanted.delete(id);
            if (token !== null) return token;
        }
        return null;
    }
}
