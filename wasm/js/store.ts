import type {LiveText, Path, Stop, Store, StoreEvents} from './api.js';
import type {Client} from './client.js';
import type {PageDocument} from './document.js';
import {SynclineError} from './errors.js';
import {decodeJson, encodeJson} from './json.js';
import {Listeners} from './listeners.js';
import {PageText} from './live-text.js';
import type {Tidings} from './protocol.js';
import {PageSpace, type SpaceOwner} from './space.js';
import {PageUndoStack} from './undo.js';
import {clashAdvice} from './versions.js';

/** What the store needs of whoever made its client: the browser's tab, or the process in Node. */
export interface Host {
    role(): 'leader' | 'follower';
    /** The page lets go. Resolves when what it held is free, as far as this page holds it. */
    close(): Promise<void>;
}

/** The field whose lists a path has indexes in. */
function listedIn({collection, id}: PageDocument, path: Path): ReadonlyMap<string, ReadonlySet<string>> {
    const listed = path.some((step) => typeof step === 'number');
    return new Map(listed ? [[encodeJson([collection, id]), new Set([path[0] as string])]] : []);
}

/** A store as a page holds it. All it does is ask the engine's side and keep what it is told. */
export class PageStore implements Store, SpaceOwner {
    replica = '';
    storage: 'file' | 'opfs' | 'indexeddb' | 'memory' = 'memory';
    /** Resolves at the first welcome. */
    readonly opened: Promise<void>;

    private readonly spacesByName = new Map<string, PageSpace>();
    private readonly stacks = new Map<number, PageUndoStack>();
    private readonly texts = new Map<number, PageText>();
    private lastNumber = 0;
    private closing: Promise<void> | null = null;
    private welcomed = false;
    private settleOpened: {resolve(): void; reject(error: SynclineError): void} = {resolve: () => undefined, reject: () => undefined};
    private readonly listeners: {readonly [E in keyof StoreEvents]: Listeners<StoreEvents[E]>} = {
        warning: new Listeners(),
        rejected: new Listeners(),
        version_clash: new Listeners(),
        role: new Listeners(),
        wiped: new Listeners(),
    };
    /** Warnings from before anybody could listen. */
    private early: StoreEvents['warning'][] | null = [];
    /** What this page has told, by code and message. */
    private readonly warned = new Set<string>();
    /** What it told before this leader welcomed it: that leader's first word of it is no news. */
    private toldBefore = new Set<string>();

    constructor(
        readonly name: string,
        private readonly client: Client,
        private readonly host: Host,
    ) {
        this.opened = new Promise((resolve, reject) => {
            this.settleOpened = {resolve, reject};
        });
        client.ontidings = (tidings) => this.told(tidings);
        client.onattached = () => this.reattach();
    }

    get role(): 'leader' | 'follower' {
        return this.host.role();
    }
    space(name: string): PageSpace {
        let space = this.spacesByName.get(name);
        if (space === undefined) {
            space = new PageSpace(this.client, this, name);
            this.spacesByName.set(name, space);
        }
        return space;
    }
    spaces(): Promise<readonly string[]> {
        return this.client.ask('spaces', {});
    }
    connect(url?: string): Promise<void> {
        return this.client.ask('connect', url === undefined ? {} : {url});
    }
    disconnect(): Promise<void> {
        return this.client.ask('disconnect', {});
    }
    keepHistory(milliseconds: number): Promise<void> {
        return this.client.ask('keepHistory', {milliseconds});
    }
    export(): Promise<Uint8Array> {
        return this.client.ask('exportFile', {});
    }
    async wipe(): Promise<void> {
        try {
            await this.client.ask('wipe', {});
        } catch (thrown) {
            // Everybody who waits is told that it is wiped; to who asked for that, it is the answer.
            if (!(thrown instanceof SynclineError && thrown.code === 'wiped')) throw thrown;
        }
    }
    close(): Promise<void> {
        return this.end(new SynclineError('closed', 'the store was closed'));
    }
    on<E extends keyof StoreEvents>(event: E, listener: (detail: StoreEvents[E]) => void): Stop {
        const stop = this.listeners[event].add(listener);
        if (event === 'warning') this.tellEarly();
        return stop;
    }

    // ---- What its host tells it

    warn(warning: StoreEvents['warning']): void {
        const name = JSON.stringify([warning.code, warning.message]);
        if (this.toldBefore.delete(name)) return;
        this.warned.add(name);
        if (this.early !== null) this.early.push(warning);
        else this.listeners.warning.tell(warning);
    }
    roleChanged(): void {
        this.listeners.role.tell({role: this.role});
    }
    clashed({ours, theirs}: {readonly ours: string; readonly theirs: string}): void {
        const message = clashAdvice(ours, theirs);
        this.listeners.version_clash.tell({ours, theirs, message});
        if (!this.welcomed) this.failed(new SynclineError('version_clash', message));
    }
    /** There is no engine for it, and will be none. */
    failed(error: SynclineError): void {
        this.settleOpened.reject(error);
        void this.end(error);
    }

    // ---- For its spaces

    async openStack(space: string, options: {readonly depth: number; readonly mergeMs: number}): Promise<PageUndoStack> {
        const number = ++this.lastNumber;
        const stack = new PageUndoStack(this.client, this.space(space), number, options, () => this.stacks.delete(number));
        this.stacks.set(number, stack);
        try {
            await stack.open();
        } catch (error) {
            this.stacks.delete(number);
            throw error;
        }
        return stack;
    }
    async openText(space: string, document: PageDocument, path: Path): Promise<LiveText> {
        const number = ++this.lastNumber;
        const at = {...document.at, space, path, text: number, ...this.space(space).seen(listedIn(document, path))};
        const text = new PageText(this.client, at, () => this.texts.delete(number));
        this.texts.set(number, text);
        try {
            await text.open();
        } catch (error) {
            this.texts.delete(number);
            throw error;
        }
        return text;
    }

    private reattach(): void {
        for (const space of this.spacesByName.values()) space.reattached();
        for (const stack of this.stacks.values()) stack.open().catch(() => undefined);
        for (const text of this.texts.values()) text.reattached();
    }

    private told(tidings: Tidings): void {
        switch (tidings.t) {
            case 'welcome':
                if (this.welcomed && tidings.replica !== this.replica) this.renamed();
                this.replica = tidings.replica;
                this.storage = tidings.storage;
                this.toldBefore = new Set(this.warned);
                for (const warning of tidings.warnings) this.warn(warning);
                this.welcomed = true;
                this.settleOpened.resolve();
                return;
            case 'refused':
                return this.failed(new SynclineError(tidings.problem.code, tidings.problem.message));
            case 'loaded':
                return this.spacesByName.get(tidings.space)?.arrived(tidings.collection, tidings.documents);
            case 'changed':
                return this.spacesByName.get(tidings.space)?.changed(tidings.documents);
            case 'status':
                return this.spacesByName.get(tidings.space)?.statusChanged(tidings.status);
            case 'presence':
                return this.spacesByName.get(tidings.space)?.presence.changed(tidings.others);
            case 'undo':
                return this.stacks.get(tidings.stack)?.changed(tidings.canUndo, tidings.canRedo);
            case 'text':
                return this.texts.get(tidings.text)?.received(tidings.version, tidings.delta, tidings.mine);
            case 'rejected': {
                const {space, code, reason, change} = tidings;
                return this.listeners.rejected.tell({space, code, reason, change: decodeJson(change)});
            }
            case 'warning':
                return this.warn(tidings.warning);
            case 'replica':
                this.replica = tidings.replica;
                return this.renamed();
            case 'wiped':
                this.listeners.wiped.tell({});
                void this.end(new SynclineError('wiped', 'the store was wiped'));
                return;
            default:
                return;
        }
    }

    private renamed(): void {
        for (const space of this.spacesByName.values()) space.renamed();
    }
    private tellEarly(): void {
        const early = this.early;
        if (early === null) return;
        this.early = null;
        // Not before `on` has returned.
        queueMicrotask(() => early.forEach((warning) => this.listeners.warning.tell(warning)));
    }

    private end(why: SynclineError): Promise<void> {
        if (this.closing === null) {
            this.client.close(why);
            this.closing = this.host.close();
        }
        return this.closing;
    }
}
