import type {SyncStatus} from './api.js';
import type {PresentTab} from './engine-port.js';
import {asError, SynclineError} from './errors.js';
import {encodeJson} from './json.js';
import {ListEdits} from './list-edits.js';
import type {Calls, DocumentAt, EngineLink, FromPage, Once, Problem, Seen, StackAt, TextResolved, TextStart, Tidings} from './protocol.js';
import type {Server} from './server.js';

/** So many documents are read and sent at once; in between others are served. */
const documentsAtOnce = 500;

type Answers = {[K in keyof Calls]: (of: Parameters<Calls[K]>[0]) => ReturnType<Calls[K]> | Promise<ReturnType<Calls[K]>>};

/** One page at the engine's side: what it holds, and the answers to what it asks. */
export class Session implements Answers {
    hasToken = false;
    /** Called when the page says good-bye. */
    onbye: () => void = () => undefined;

    private tab = '';
    private url: string | undefined;
    private hellos = 0;
    private told = 0;
    private gone = false;
    /** What came while the store was being wiped. */
    private readonly late: FromPage[] = [];
    private readonly spacesOpen = new Set<string>();
    private readonly collectionsHeld = new Set<string>();
    private readonly documentsHeld = new Set<string>();
    private readonly loads = new Map<string, Promise<void>>();
    private readonly stacks = new Map<number, {readonly handle: number; readonly space: string}>();
    private readonly edits: ListEdits;

    constructor(
        private readonly server: Server,
        private readonly link: EngineLink,
    ) {
        this.edits = new ListEdits((space) => (collection, id) => server.engine.lists(space, collection, id));
        link.onmessage = (message) => this.received(message);
    }

    tell(tidings: Tidings, transfer?: Transferable[]): void {
        // Who has not said hello yet hears all in the welcome.
        if (this.gone || this.hellos === 0) return;
        this.link.post({...tidings, n: this.told++}, transfer);
    }
    tellStatus(space: string, status: SyncStatus): void {
        if (this.spacesOpen.has(space)) this.tell({t: 'status', space, status});
    }
    /** All but this tab itself. */
    tellPresence(space: string, everybody: readonly PresentTab[]): void {
        if (!this.spacesOpen.has(space)) return;
        const others = everybody
            .filter(({own, session}) => !own || session !== this.tab)
            .map(({replica, session, subject, value}) => ({key: `${replica}:${session}`, replica, subject: subject === '' ? null : subject, value}));
        this.tell({t: 'presence', space, others: encodeJson(others)});
    }
    holds(space: string, [collection, id]: readonly [string, string]): boolean {
        return this.collectionsHeld.has(key(space, collection)) || this.documentsHeld.has(key(space, collection, id));
    }

    /** The page is gone. */
    close(): void {
        if (this.gone) return;
        this.gone = true;
        this.forget();
        this.link.onmessage = null;
        this.link.close();
        this.server.left(this);
    }

    die(): void {
        this.gone = true;
        this.link.onmessage = null;
        this.link.close();
    }

    /** It was not over: those who came or asked meanwhile have to hear something. */
    answerLate(): void {
        for (const message of this.late.splice(0)) this.received(message);
    }

    private received(message: FromPage): void {
        // The pages are told that it is over as soon as it is; that answers all they ask meanwhile.
        if (this.server.over && message.t !== 'bye') {
            this.late.push(message);
            return;
        }
        switch (message.t) {
            case 'hello':
                return this.hello(message);
            case 'ask':
                void this.answer(message);
                return;
            case 'token':
                return this.server.tokenCame(message.id, message.token);
            case 'bye':
                this.onbye();
                this.close();
        }
    }

    private hello(message: Extract<FromPage, {t: 'hello'}>): void {
        // A page that says it again has lost something, and begins anew.
        this.forget();
        this.hellos++;
        this.told = 0;
        this.edits.clear();
        this.tab = message.tab;
        this.url = message.url ?? undefined;
        this.hasToken = message.token;
        try {
            if (this.server.closed) throw new SynclineError('closed', 'the store was to be wiped, and is closed');
            if (message.schema !== null) this.server.takeSchema(message.schema);
        } catch (thrown) {
            return this.tell({t: 'refused', problem: problemOf(thrown)});
        }
        const {storage} = this.server.options;
        this.tell({t: 'welcome', replica: this.server.engine.replica, storage, warnings: this.server.warnings});
        if (this.server.wished !== undefined) this.tell({t: 'wish', wish: this.server.wished});
        try {
            this.server.takeWish(message.wish ?? (message.wish === null ? null : (message.url ?? undefined)));
        } catch (thrown) {
            this.tell({t: 'warning', warning: {code: 'not_connected', message: problemOf(thrown).message}});
        }
    }

    private forget(): void {
        if (this.server.closed) return;
        for (const {handle} of this.stacks.values()) this.server.engine.undoClose(handle);
        this.server.texts.left(this);
        if (this.tab !== '') for (const space of this.spacesOpen) this.server.engine.presenceClear(space, this.tab);
        for (const held of [this.spacesOpen, this.collectionsHeld, this.documentsHeld, this.loads, this.stacks]) held.clear();
    }

    private async answer(message: Extract<FromPage, {t: 'ask'}>): Promise<void> {
        const {id, what, of, heard} = message;
        this.edits.heard(heard);
        try {
            const result: unknown = (this[what] as (of: unknown) => unknown).call(this, of);
            const value = result instanceof Promise ? await (result as Promise<unknown>) : result;
            this.tell({t: 'answer', id, value}, value instanceof Uint8Array ? [value.buffer as ArrayBuffer] : undefined);
        } catch (thrown) {
            const problem = problemOf(thrown);
            if (problem.code === 'storage_full') void this.server.quota.full();
            this.tell({t: 'answer', id, problem});
            this.edits.told(this.told);
        }
    }

    /** After an edit: what it did is told first, and it is answered once it is durable. */
    private done<T>(value: T): T | Promise<T> {
        this.server.flush();
        this.edits.told(this.told);
        this.server.quota.wrote();
        return this.server.options.durable === undefined ? value : this.server.options.durable().then(() => value);
    }

    // ---- Calls

    openSpace({space}: {readonly space: string}): void {
        this.server.engine.openSpace(space);
        this.server.flush();
        if (this.spacesOpen.has(space)) return;
        this.spacesOpen.add(space);
        this.tellStatus(space, this.server.status(space));
        this.tellPresence(space, this.server.engine.presence(space));
    }

    watch({space, collection}: {readonly space: string; readonly collection: string}): Promise<void> {
        const name = key(space, collection);
        this.collectionsHeld.add(name);
        let load = this.loads.get(name);
        if (load === undefined) {
            load = this.load(space, collection).finally(() => this.loads.delete(name));
            this.loads.set(name, load);
        }
        return load;
    }
    private async load(space: string, collection: string): Promise<void> {
        const began = this.hellos;
        const {engine} = this.server;
        for (let after = ''; !this.gone && this.hellos === began; ) {
            const documents = engine.page(space, collection, after, documentsAtOnce);
            if (documents.count > 0) this.tell({t: 'loaded', space, collection, documents: documents.text});
            if (documents.count < documentsAtOnce) return;
            after = documents.last;
            await nextTask();
        }
    }
    unwatch({space, collection}: {readonly space: string; readonly collection: string}): void {
        this.collectionsHeld.delete(key(space, collection));
    }

    watchDocument({space, collection, id}: DocumentAt): void {
        this.documentsHeld.add(key(space, collection, id));
        this.tell({t: 'changed', space, documents: `[${this.server.told(space, collection, id)}]`});
    }
    unwatchDocument({space, collection, id}: DocumentAt): void {
        this.documentsHeld.delete(key(space, collection, id));
    }

    spaces(): readonly string[] {
        return this.server.engine.spaces();
    }
    collections({space}: {readonly space: string}): readonly string[] {
        return this.server.engine.collections(space);
    }
    digest({space}: {readonly space: string}): string {
        return this.server.engine.digest(space);
    }
    inspect({space}: {readonly space: string}): string {
        return this.server.engine.inspect(space);
    }
    history({space, collection, id}: DocumentAt): string {
        return this.server.engine.history(space, collection, id);
    }
    asOf({space, collection, id, sequence}: DocumentAt & {readonly sequence: number}): string {
        return this.server.engine.asOf(space, collection, id, sequence);
    }
    conflicts({space, collection, id, path}: Parameters<Calls['conflicts']>[0]): string {
        return this.server.engine.conflicts(space, collection, id, path);
    }

    transact({space, ops, once, seen}: Parameters<Calls['transact']>[0]): void | Promise<void> {
        this.edit(space, ops, seen, once, (placed) => void this.server.engine.transact(space, placed, once));
        return this.done(undefined);
    }

    /**
     * Has the ops made for the lists as they are now, unless they were done before. Then their places may be gone, also by what they did
     * themselves, and that is no error.
     */
    private edit(space: string, ops: string, seen: Seen['seen'], once: string, make: (placed: string) => void): void {
        // To do nothing once is to ask whether it was done.
        if (seen !== undefined && !this.server.engine.transact(space, '[]', once)) return;
        this.edits.make(space, ops, seen, make);
    }

    undoOpen({stack, space, depth, mergeMs}: Parameters<Calls['undoOpen']>[0]): void {
        if (this.stacks.has(stack)) return;
        this.stacks.set(stack, {handle: this.server.engine.undoOpen(space, depth, mergeMs), space});
    }
    undoTransact({stack, ops, once, seen}: Parameters<Calls['undoTransact']>[0]): void | Promise<void> {
        const {handle, space} = this.stack(stack);
        this.edit(space, ops, seen, once, (placed) => this.server.engine.undoTransact(handle, placed, once));
        this.tellStack(stack);
        return this.done(undefined);
    }
    undo(of: Once & StackAt): boolean | Promise<boolean> {
        return this.step(of, 'undo');
    }
    redo(of: Once & StackAt): boolean | Promise<boolean> {
        return this.step(of, 'redo');
    }
    private step({stack, once}: Once & StackAt, step: 'undo' | 'redo'): boolean | Promise<boolean> {
        const changed = this.server.engine.undoStep(this.handle(stack), step, once);
        this.tellStack(stack);
        return this.done(changed);
    }
    undoClose({stack}: StackAt): void {
        const open = this.stacks.get(stack);
        this.stacks.delete(stack);
        if (open !== undefined) this.server.engine.undoClose(open.handle);
    }
    private handle(stack: number): number {
        return this.stack(stack).handle;
    }
    private stack(stack: number): {readonly handle: number; readonly space: string} {
        const open = this.stacks.get(stack);
        if (open === undefined) throw new SynclineError('closed', 'the undo stack was closed');
        return open;
    }
    private tellStack(stack: number): void {
        this.tell({t: 'undo', stack, ...this.server.engine.undoState(this.handle(stack))});
    }

    textOpen(of: Parameters<Calls['textOpen']>[0]): TextStart {
        this.server.flush();
        const {space, collection, id} = of;
        const path = of.elements === undefined ? this.edits.path(space, [collection, id], of.path, of.seen) : of.path;
        return this.server.texts.open(this, {...of, path});
    }
    textEdit({text, base, delta, once}: Parameters<Calls['textEdit']>[0]): void | Promise<void> {
        this.server.flush();
        this.server.texts.edit(this, text, base, delta, once);
        return this.done(undefined);
    }
    textAnchor({text, base, position}: Parameters<Calls['textAnchor']>[0]): string {
        return this.server.texts.anchor(this, text, base, position);
    }
    textResolve({text, anchor}: Parameters<Calls['textResolve']>[0]): TextResolved {
        this.server.flush();
        return this.server.texts.resolve(this, text, anchor);
    }
    textClose({text}: {readonly text: number}): void {
        this.server.texts.close(this, text);
    }

    presenceSet({space, value}: {readonly space: string; readonly value: string}): void {
        this.server.engine.presenceSet(space, this.tab, value);
    }
    presenceClear({space}: {readonly space: string}): void {
        this.server.engine.presenceClear(space, this.tab);
    }

    connect({url}: {readonly url?: string}): void {
        const wish = url ?? this.url;
        if (wish === undefined) throw new SynclineError('invalid_argument', 'no relay was named, here or when the store was opened');
        this.server.setWish(wish);
    }
    disconnect(): void {
        this.server.setWish(null);
    }
    keepHistory({milliseconds}: {readonly milliseconds: number}): void {
        this.server.engine.keepHistory(milliseconds);
    }
    exportFile(): Uint8Array {
        return this.server.engine.exportFile();
    }
    wipe(): Promise<void> {
        return this.server.wipe();
    }
}

function key(...names: readonly string[]): string {
    return JSON.stringify(names);
}

function problemOf(thrown: unknown): Problem {
    const {code, message} = asError(thrown);
    return {code, message};
}

/** Resolves in a task of its own, without the delay that timers have. */
function nextTask(): Promise<void> {
    return new Promise((resolve) => {
        const {port1, port2} = new MessageChannel();
        port1.onmessage = () => {
            port1.close();
            resolve();
        };
        port2.postMessage(null);
    });
}
