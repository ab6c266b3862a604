import type {Path, SyncStatus, TextContent, TextDelta, Value} from '../../../wasm/js/api.js';
import {changed, plain} from '../../../wasm/js/content.js';
import type {DocumentPage, EngineListener, EnginePort, PresentTab} from '../../../wasm/js/engine-port.js';
import {SynclineError} from '../../../wasm/js/errors.js';
import {decodeJson, encodeJson} from '../../../wasm/js/json.js';

type Fields = {[key: string]: Value};

/** What outlives an engine: a file. */
export class FakeDisk {
    readonly documents = new Map<string, string>();
    /** Of each list the ids of its elements: by `[space, collection, id, field]`. */
    readonly ids = new Map<string, number[]>();
    lastId = 0;
    /** Of each text the marks, likewise. */
    readonly marked = new Map<string, TextContent>();
    readonly requests = new Set<string>();
    readonly spaces = new Set<string>();
    openBy: FakeEngine | null = null;
    /** The relay's clock minus this device's. */
    clockOffsetMs = 0;
    /** Engines that were ever open at once. */
    openAtOnce = 0;
}

interface Op {
    readonly op: string;
    readonly doc: readonly [string, string];
    readonly path?: Path;
    readonly value?: Value;
    readonly index?: number;
    readonly count?: number;
    readonly text?: string;
    readonly name?: string;
    readonly values?: readonly Value[];
    readonly to?: number;
}

/**
 * An engine with a store that is a map and none of the merging: enough to test what pages and leaders say to each other.
 * It knows set, add, delete of documents, and the ops on texts and lists in fields of a document.
 */
export class FakeEngine implements EnginePort {
    listener: EngineListener | null = null;
    connected: string | null = null;
    tokens: (() => Promise<string | null>) | null = null;
    /** The next transaction fails with it. */
    failWith: SynclineError | null = null;
    schema: string | null = null;
    private closed = false;
    private readonly present = new Map<string, Value>();
    private readonly stacks = new Map<number, {space: string; done: string[]}>();

    constructor(private readonly disk: FakeDisk) {
        if (disk.openBy !== null) disk.openAtOnce++;
        disk.openBy = this;
    }

    get replica(): string {
        this.mustBeOpen();
        return '00000000-0000-4000-8000-000000000001';
    }
    spaces(): readonly string[] {
        return [...this.disk.spaces].sort();
    }
    openSpace(space: string): void {
        if (!/^[A-Za-z0-9._:-]{1,128}$/.test(space)) throw new SynclineError('invalid_argument', 'this is no name of a space');
        this.disk.spaces.add(space);
    }
    setSchema(schema: string): void {
        this.mustBeOpen();
        if (this.schema !== null && this.schema !== schema && versionOf(this.schema) === versionOf(schema)) throw new SynclineError('schema_incompatible', 'another schema is in use');
        this.schema = schema;
    }
    keepHistory(): void {
        return;
    }
    exportFile(): Uint8Array {
        return new TextEncoder().encode(JSON.stringify([...this.disk.documents]));
    }
    collections(space: string): readonly string[] {
        return [...new Set(this.keys(space).map(([, collection]) => collection))].sort();
    }
    get(space: string, collection: string, id: string): string | undefined {
        return this.disk.documents.get(JSON.stringify([space, collection, id]));
    }
    lists(space: string, collection: string, id: string): string {
        const fields = decodeJson(this.get(space, collection, id) ?? '{}') as Fields;
        const lists = Object.keys(fields).flatMap((field) => {
            const ids = this.disk.ids.get(JSON.stringify([space, collection, id, field])) ?? [];
            return ids.length === 0 ? [] : [[[field], [['r', ...ids.flatMap((at) => [at, at])]]]];
        });
        return lists.length === 0 ? 'null' : JSON.stringify(lists);
    }
    page(space: string, collection: string, after: string, limit: number): DocumentPage {
        const ids = this.keys(space).filter((key) => key[1] === collection && key[2] > after).map((key) => key[2]).sort().slice(0, limit);
        const rows = ids.map((id) => {
            const lists = this.lists(space, collection, id);
            return `[${JSON.stringify(id)},${this.get(space, collection, id) ?? 'null'}${lists === 'null' ? '' : `,${lists}`}]`;
        });
        return {text: `[${rows.join(',')}]`, count: ids.length, last: ids.at(-1) ?? ''};
    }
    digest(space: string): string {
        return encodeJson(this.keys(space).sort().map((key) => this.disk.documents.get(JSON.stringify(key)) ?? ''));
    }
    status(): SyncStatus {
        const connection = this.connected === null ? 'offline' : 'connected';
        return {connection, inSync: this.connected !== null, pending: 0, cursor: this.disk.requests.size, lastError: null};
    }
    inspect(): string {
        return '{}';
    }
    clockOffsetMs(): number {
        return this.connected === null ? 0 : this.disk.clockOffsetMs;
    }
    history(): string {
        return '[]';
    }
    asOf(): string {
        return '{}';
    }
    conflicts(): string {
        return '[]';
    }

    transact(space: string, ops: string, once: string): boolean {
        this.mustBeOpen();
        this.openSpace(space);
        if (this.disk.requests.has(once)) return false;
        const list = decodeJson(ops) as unknown as readonly Op[];
        if (list.length === 0) return true;
        const failure = this.failWith;
        this.failWith = null;
        if (failure !== null) throw failure;
        const next = new Map<string, string | null>();
        for (const op of list) {
            const key = JSON.stringify([space, ...op.doc]);
            const before = next.get(key) ?? this.disk.documents.get(key) ?? '{}';
            next.set(key, op.op.startsWith('list_') ? this.listed(key, before, op) : edited(before, op));
            if (op.op.startsWith('text_')) this.mark(key, op);
        }
        this.disk.requests.add(once);
        for (const [key, value] of next) {
            if (value === null) this.disk.documents.delete(key);
            else this.disk.documents.set(key, value);
        }
        this.listener?.changed(space, list.map(({doc}) => doc));
        this.listener?.statusChanged();
        return true;
    }
    /** As if others had done it. */
    remote(space: string, ops: string): void {
        this.transact(space, ops, `remote ${Math.random()}`);
    }

    undoOpen(space: string): number {
        this.stacks.set(this.stacks.size + 1, {space, done: []});
        return this.stacks.size;
    }
    undoTransact(stack: number, ops: string, once: string): void {
        const {space, done} = this.stack(stack);
        if (this.transact(space, ops, once)) done.push(ops);
    }
    undoStep(stack: number, step: 'undo' | 'redo'): boolean {
        return step === 'undo' && this.stack(stack).done.pop() !== undefined;
    }
    undoState(stack: number): {canUndo: boolean; canRedo: boolean} {
        return {canUndo: this.stack(stack).done.length > 0, canRedo: false};
    }
    undoClose(): void {
        this.mustBeOpen();
    }

    content(space: string, collection: string, id: string, path: Path): TextContent {
        const marked = this.disk.marked.get(this.nameOf(space, collection, id, path)) ?? [];
        // What was set without marks has none.
        const text = this.text(space, collection, id, path) ?? '';
        return plain(marked) === text ? marked : text === '' ? [] : [{insert: text}];
    }
    text(space: string, collection: string, id: string, path: Path): string | undefined {
        const fields = decodeJson(this.get(space, collection, id) ?? '{}') as Fields;
        return textIn(fields, path);
    }
    /** Of an element of a list its id; of a text no more than the position, which stays where it is. */
    anchor(space: string, collection: string, id: string, path: Path, position: number): string {
        const element = this.idsOf(space, collection, id, path)?.[position];
        return JSON.stringify({space, collection, id, path, position, ...(element === undefined ? {} : {element})});
    }
    resolve(_space: string, anchor: string): number | null {
        const {space, collection, id, path, position, element} = JSON.parse(anchor) as {
            space: string; collection: string; id: string; path: Path; position: number; element?: number;
        };
        if (element === undefined) return position;
        const now = this.idsOf(space, collection, id, path)?.indexOf(element) ?? -1;
        return now < 0 ? null : now;
    }
    presenceSet(space: string, tab: string, value: string): void {
        this.present.set(JSON.stringify([space, tab]), decodeJson(value));
        this.listener?.presenceChanged(space);
    }
    presenceClear(space: string, tab: string): void {
        this.mustBeOpen();
        if (this.present.delete(JSON.stringify([space, tab]))) this.listener?.presenceChanged(space);
    }
    presence(space: string): readonly PresentTab[] {
        return [...this.present].flatMap(([key, value]) => {
            const [where, session] = JSON.parse(key) as [string, string];
            return where === space ? [{replica: this.replica, session, subject: '', own: true, value}] : [];
        });
    }
    connect(url: string, token: () => Promise<string | null>): void {
        this.connected = url;
        this.tokens = token;
        this.listener?.statusChanged();
    }
    disconnect(): void {
        this.mustBeOpen();
        this.connected = null;
        this.listener?.statusChanged();
    }
    close(): void {
        this.closed = true;
        if (this.disk.openBy === this) this.disk.openBy = null;
    }

    /** Of the list in a field of a document. */
    private idsOf(space: string, collection: string, id: string, path: Path): readonly number[] | undefined {
        return path.length === 1 ? this.disk.ids.get(JSON.stringify([space, collection, id, path[0]])) : undefined;
    }
    /** Of a text in a field, or in a list in a field: there by the element's id. */
    private nameOf(space: string, collection: string, id: string, path: Path): string {
        const [field, index] = path;
        const element = typeof index === 'number' ? this.idsOf(space, collection, id, [field as string])?.[index] : undefined;
        return JSON.stringify([space, collection, id, field, ...(element === undefined ? [] : [element])]);
    }
    private mark(key: string, {op, path, index = 0, count = 0, text = '', name = '', value = null}: Op): void {
        const [space, collection, id] = JSON.parse(key) as [string, string, string];
        const at = this.nameOf(space, collection, id, path ?? []);
        const changes: Record<string, TextDelta[number]> = {
            text_insert: {insert: text},
            text_erase: {delete: count},
            text_mark: {retain: count, properties: {[name]: value}},
            text_unmark: {retain: count, properties: {[name]: null}},
        };
        this.disk.marked.set(at, changed(this.disk.marked.get(at) ?? [], [{retain: index}, changes[op] as TextDelta[number]]));
    }
    /** An op on a list of values, with ids for its elements. */
    private listed(key: string, before: string, op: Op): string {
        const fields = decodeJson(before) as Fields;
        const field = op.path?.[0] as string;
        const values = [...((fields[field] ?? []) as readonly Value[])];
        const name = JSON.stringify([...(JSON.parse(key) as string[]), field]);
        const ids = this.disk.ids.get(name) ?? [];
        this.disk.ids.set(name, ids);
        const at = op.op === 'list_push' ? values.length : (op.index ?? 0);
        if (op.op === 'list_insert' || op.op === 'list_push') {
            const more = op.values ?? [];
            values.splice(at, 0, ...more);
            ids.splice(at, 0, ...more.map(() => ++this.disk.lastId));
        } else if (op.op === 'list_erase') {
            values.splice(at, op.count ?? 1);
            ids.splice(at, op.count ?? 1);
        } else if (op.op === 'list_move') {
            values.splice(op.to ?? 0, 0, ...values.splice(at, 1));
            ids.splice(op.to ?? 0, 0, ...ids.splice(at, 1));
        } else {
            values[at] = op.value as Value;
        }
        fields[field] = values;
        return encodeJson(fields);
    }

    private stack(stack: number): {space: string; done: string[]} {
        const found = this.stacks.get(stack);
        if (found === undefined) throw new SynclineError('closed', 'the undo stack was closed');
        return found;
    }
    private mustBeOpen(): void {
        if (this.closed) throw new SynclineError('closed', 'the engine is closed');
        if (this.disk.openBy !== this) throw new SynclineError('storage_failed', 'the file is held by another');
    }
    private keys(space: string): (readonly [string, string, string])[] {
        return [...this.disk.documents.keys()].map((key) => JSON.parse(key) as [string, string, string]).filter((key) => key[0] === space);
    }
}

function versionOf(schema: string): number {
    return (JSON.parse(schema) as {readonly version?: number}).version ?? 1;
}

/** In a field, or in a list in a field. Texts of lists begin as values. */
function textIn(fields: Fields, [field, index]: Path): string | undefined {
    const held = fields[field as string];
    const text = typeof index === 'number' ? (held as readonly Value[] | undefined)?.[index] : held;
    return text as string | undefined;
}
function putText(fields: Fields, [field, index]: Path, text: string): void {
    const list = fields[field as string] as readonly Value[];
    fields[field as string] = typeof index === 'number' ? list.map((value, at) => (at === index ? text : value)) : text;
}

function edited(before: string, op: Op): string | null {
    const fields = decodeJson(before) as Fields;
    const key = op.path?.[0] as string;
    const text = textIn(fields, op.path ?? []) ?? '';
    const at = op.index ?? 0;
    switch (op.op) {
        case 'set':
            fields[key] = op.value as Value;
            break;
        case 'add':
            fields[key] = ((fields[key] as number | undefined) ?? 0) + (op.value as number);
            break;
        case 'delete':
            return null;
        case 'text_insert':
            putText(fields, op.path ?? [], text.slice(0, at) + (op.text ?? '') + text.slice(at));
            break;
        case 'text_erase':
            putText(fields, op.path ?? [], text.slice(0, at) + text.slice(at + (op.count ?? 0)));
            break;
        case 'text_mark':
        case 'text_unmark':
            break;
        default:
            throw new SynclineError('invalid_argument', `the fake engine does not know ${op.op}`);
    }
    return encodeJson(fields);
}
