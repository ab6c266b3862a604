import type {DocumentEditor, ListEditor, MapEditor, Path, TextEditor, Transaction, Value} from './api.js';
import {SynclineError} from './errors.js';
import {encodeJson} from './json.js';
import {isIndex} from './list-places.js';

type Counter = {add(amount: number): void};

/** What a transaction is to do. */
export interface Recorded {
    /** The JSON list of ops that the engine takes (`syncline_transact`). */
    readonly ops: string;
    /** By document (JSON of `[collection, id]`) the fields in which the ops have indexes of lists. */
    readonly listed: ReadonlyMap<string, ReadonlySet<string>>;
}

/**
 * Runs `edit` and gives what it did. The values are encoded at once, so that what the app changes in them later has no
 * part in it.
 */
export function record(edit: (tx: Transaction) => void): Recorded {
    const ops: string[] = [];
    const recorder = new Recorder(ops);
    const returned: unknown = edit(recorder);
    recorder.end();
    if (typeof returned === 'object' && returned !== null && 'then' in returned) {
        // Nobody waits for it; what it fails with must not end the process.
        Promise.resolve(returned).catch(() => undefined);
        throw new SynclineError('invalid_argument', 'the function given to transact() must not wait: it returned a promise');
    }
    return {ops: `[${ops.join(',')}]`, listed: recorder.listed};
}

class Recorder implements Transaction {
    readonly listed = new Map<string, Set<string>>();
    private ended = false;
    constructor(private readonly ops: string[]) {}

    document(collection: string, id: string): DocumentEditor {
        return new DocumentRecorder(this, encodeJson([collection, id]), []);
    }
    end(): void {
        this.ended = true;
    }
    /** `members` is JSON text, with a comma in front unless it is empty. */
    note(op: string, doc: string, path: Path, members = ''): void {
        if (this.ended) throw new SynclineError('invalid_argument', 'the transaction has ended');
        if (op.startsWith('list_') || path.some((step) => typeof step === 'number')) this.noteList(doc, path);
        this.ops.push(`{"op":"${op}","doc":${doc}${path.length > 0 ? `,"path":${encodeJson(path)}` : ''}${members}}`);
    }

    private noteList(doc: string, path: Path): void {
        let fields = this.listed.get(doc);
        if (fields === undefined) this.listed.set(doc, (fields = new Set()));
        fields.add(path[0] as string);
    }
}

class MapRecorder implements MapEditor {
    constructor(
        protected readonly to: Recorder,
        protected readonly doc: string,
        protected readonly path: Path,
    ) {}

    set(key: string, value: Value): void {
        this.value('set', key, value);
    }
    setMultiValue(key: string, value: Value): void {
        this.value('set_multi_value', key, value);
    }
    counter(key: string): Counter {
        return {add: (amount) => this.value('add', key, amount)};
    }
    flag(key: string): {enable(): void; disable(): void} {
        const path = [...this.path, key];
        return {
            enable: () => this.to.note('enable', this.doc, path),
            disable: () => this.to.note('disable', this.doc, path),
        };
    }
    setOf(key: string): {insert(element: Value): void; erase(element: Value): void} {
        return {
            insert: (element) => this.value('insert', key, element),
            erase: (element) => this.value('erase', key, element),
        };
    }
    removeWinsSetOf(key: string): {insert(element: Value): void; erase(element: Value): void} {
        return {
            insert: (element) => this.value('insert_remove_wins', key, element),
            erase: (element) => this.value('erase_remove_wins', key, element),
        };
    }
    map(key: string): MapEditor & {create(): void} {
        return new CreatableMapRecorder(this.to, this.doc, [...this.path, key]);
    }
    list(key: string): ListEditor {
        return new ListRecorder(this.to, this.doc, [...this.path, key]);
    }
    text(key: string): TextEditor {
        return new TextRecorder(this.to, this.doc, [...this.path, key]);
    }
    delete(key: string): void {
        this.to.note('delete', this.doc, [...this.path, key]);
    }

    private value(op: string, key: string, value: Value): void {
        this.to.note(op, this.doc, [...this.path, key], `,"value":${encodeJson(value)}`);
    }
}

class CreatableMapRecorder extends MapRecorder {
    create(): void {
        this.to.note('create', this.doc, this.path);
    }
}

class DocumentRecorder extends CreatableMapRecorder implements DocumentEditor {
    deleteDocument(): void {
        this.to.note('delete', this.doc, []);
    }
}

/** An index or a count, and nothing that would be an index in another list than the page means: -1 is what `indexOf` does not find. */
function counted(value: number): number {
    if (!isIndex(value)) throw new SynclineError('out_of_range', `an index, or a count, is a whole number from 0 on, not ${value}`);
    return value;
}

class ListRecorder implements ListEditor {
    constructor(
        private readonly to: Recorder,
        private readonly doc: string,
        private readonly path: Path,
    ) {}

    create(): void {
        this.to.note('create_list', this.doc, this.path);
    }
    insert(index: number, ...values: Value[]): void {
        this.note('list_insert', index, `,"values":${encodeJson(values)}`);
    }
    push(...values: Value[]): void {
        this.to.note('list_push', this.doc, this.path, `,"values":${encodeJson(values)}`);
    }
    insertMap(index: number): MapEditor {
        this.note('list_insert', index, ',"new":"map"');
        return this.map(index);
    }
    insertText(index: number): TextEditor {
        this.note('list_insert', index, ',"new":"text"');
        return this.text(index);
    }
    insertList(index: number): ListEditor {
        this.note('list_insert', index, ',"new":"list"');
        return this.list(index);
    }
    insertCounter(index: number): Counter {
        this.note('list_insert', index, ',"new":"counter"');
        return this.counter(index);
    }
    set(index: number, value: Value): void {
        this.note('list_set', index, `,"value":${encodeJson(value)}`);
    }
    erase(index: number, count = 1): void {
        this.note('list_erase', index, `,"count":${counted(count)}`);
    }
    move(from: number, to: number): void {
        this.note('list_move', from, `,"to":${counted(to)}`);
    }
    map(index: number): MapEditor {
        return new MapRecorder(this.to, this.doc, [...this.path, counted(index)]);
    }
    text(index: number): TextEditor {
        return new TextRecorder(this.to, this.doc, [...this.path, counted(index)]);
    }
    list(index: number): ListEditor {
        return new ListRecorder(this.to, this.doc, [...this.path, counted(index)]);
    }
    counter(index: number): Counter {
        const path = [...this.path, counted(index)];
        return {add: (amount) => this.to.note('add', this.doc, path, `,"value":${encodeJson(amount)}`)};
    }

    private note(op: string, index: number, members: string): void {
        this.to.note(op, this.doc, this.path, `,"index":${counted(index)}${members}`);
    }
}

class TextRecorder implements TextEditor {
    constructor(
        private readonly to: Recorder,
        private readonly doc: string,
        private readonly path: Path,
    ) {}

    create(): void {
        this.to.note('create_text', this.doc, this.path);
    }
    insert(index: number, text: string): void {
        this.note('text_insert', index, `,"text":${encodeJson(text)}`);
    }
    erase(index: number, count: number): void {
        this.note('text_erase', index, `,"count":${counted(count)}`);
    }
    splice(index: number, count: number, text: string): void {
        this.note('text_splice', index, `,"count":${counted(count)},"text":${encodeJson(text)}`);
    }
    mark(index: number, count: number, name: string, value: Value, expand: 'after' | 'before' | 'both' | 'none' = 'after'): void {
        this.note('text_mark', index, `,"count":${counted(count)},"name":${encodeJson(name)},"value":${encodeJson(value)},"expand":"${expand}"`);
    }
    unmark(index: number, count: number, name: string, expand: 'after' | 'before' | 'both' | 'none' = 'after'): void {
        this.note('text_unmark', index, `,"count":${counted(count)},"name":${encodeJson(name)},"expand":"${expand}"`);
    }

    private note(op: string, index: number, members: string): void {
        this.to.note(op, this.doc, this.path, `,"index":${counted(index)},"unit":"utf16"${members}`);
    }
}
