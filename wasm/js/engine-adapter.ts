import type {DocumentValue, Path, SyncStatus, TextContent} from './api.js';
import {contentOf} from './content.js';
import type {DocumentPage, EngineListener, EnginePort, PresentTab} from './engine-port.js';
import type {Engine, EngineEvent, TextSpan} from './engine.js';
import type {SynclineError} from './errors.js';
import {decodeJson, encodeJson} from './json.js';
import type {Traffic} from './net-counted.js';
import {TokenKeeper} from './token-keeper.js';

/** The engine as the server uses it. `broken` is called when it can do nothing more. */
export function enginePort(engine: Engine, traffic: Readonly<Traffic>, broken: (error: SynclineError) => void): EnginePort {
    return new Port(engine, traffic, broken);
}

class Port implements EnginePort {
    listener: EngineListener | null = null;
    private tokens: TokenKeeper | null = null;

    constructor(
        private readonly engine: Engine,
        private readonly traffic: Readonly<Traffic>,
        private readonly broken: (error: SynclineError) => void,
    ) {
        engine.onEvent((event) => this.happened(event));
    }

    get replica(): string {
        return this.engine.replica();
    }
    spaces(): readonly string[] {
        return this.engine.spaces();
    }
    openSpace(space: string): void {
        this.engine.openSpace(space);
    }
    setSchema(schema: string): void {
        this.ask('set_schema', schema);
    }
    keepHistory(milliseconds: number): void {
        this.engine.keepHistory(milliseconds);
    }
    exportFile(): Uint8Array {
        return this.engine.export();
    }
    collections(space: string): readonly string[] {
        return this.engine.collections(space);
    }
    get(space: string, collection: string, id: string): string | undefined {
        const text = this.ask('get', json(space), json(collection), json(id));
        return text === 'null' ? undefined : text;
    }
    lists(space: string, collection: string, id: string): string {
        return this.ask('lists', json(space), json(collection), json(id));
    }
    page(space: string, collection: string, after: string, limit: number): DocumentPage {
        const text = this.ask('page', json(space), json(collection), json(after), String(limit));
        // {"count":n,"last":id,"documents":[…]}: the documents are left as text.
        const begin = text.indexOf(',"documents":');
        const {count, last} = JSON.parse(`${text.slice(0, begin)}}`) as {count: number; last: string};
        return {count, last, text: text.slice(begin + ',"documents":'.length, -1)};
    }
    digest(space: string): string {
        return this.engine.digest(space);
    }
    status(space: string): SyncStatus {
        const {connection, inSync, pending, cursor, lastError} = this.engine.status(space);
        const error = lastError === null ? null : {code: lastError.code, message: lastError.message, final: lastError.final};
        return {connection, inSync, pending, cursor, lastError: error};
    }
    inspect(space: string): string {
        const report = decodeJson(this.ask('inspect', json(space))) as DocumentValue;
        return encodeJson({...report, replica: this.replica, ...this.traffic});
    }
    clockOffsetMs(space: string): number {
        const report = decodeJson(this.ask('inspect', json(space))) as {readonly clockOffsetMs: number};
        return report.clockOffsetMs;
    }
    history(space: string, collection: string, id: string): string {
        return this.ask('history', json(space), json(collection), json(id));
    }
    asOf(space: string, collection: string, id: string, sequence: number): string {
        return this.ask('as_of', json(space), json(collection), json(id), String(sequence));
    }
    conflicts(space: string, collection: string, id: string, path: Path): string {
        return this.ask('conflicts', json(space), encodeJson({doc: [collection, id], path}));
    }

    transact(space: string, ops: string, once: string): boolean {
        return this.ask('transact', json(space), ops, '""', json(once)) === 'true';
    }
    undoOpen(space: string, depth: number, mergeMs: number): number {
        return Number(this.ask('undo_new', json(space), String(depth), String(mergeMs)));
    }
    undoTransact(stack: number, ops: string, once: string): void {
        this.ask('undo_transact', String(stack), ops, '""', json(once));
    }
    undoStep(stack: number, step: 'undo' | 'redo', once: string): boolean {
        return this.ask(step, String(stack), json(once)) === 'true';
    }
    undoState(stack: number): {canUndo: boolean; canRedo: boolean} {
        return {canUndo: this.ask('can_undo', String(stack)) === 'true', canRedo: this.ask('can_redo', String(stack)) === 'true'};
    }
    undoClose(stack: number): void {
        this.ask('undo_free', String(stack));
    }

    content(space: string, collection: string, id: string, path: Path): TextContent {
        return contentOf(decodeJson(this.ask('spans', json(space), encodeJson({doc: [collection, id], path}))) as unknown as TextSpan[]);
    }
    anchor(space: string, collection: string, id: string, path: Path, position: number): string {
        return this.ask('handle', json(space), encodeJson({doc: [collection, id], path, index: position, unit: 'utf16'}));
    }
    resolve(space: string, anchor: string): number | null {
        return decodeJson(this.ask('position', json(space), anchor)) as number | null;
    }

    presenceSet(space: string, tab: string, value: string): void {
        this.ask('set_presence', json(space), json(tab), value);
    }
    presenceClear(space: string, tab: string): void {
        this.ask('clear_presence', json(space), json(tab));
    }
    presence(space: string): readonly PresentTab[] {
        return decodeJson(this.ask('presence', json(space))) as unknown as readonly PresentTab[];
    }

    connect(url: string, token: () => Promise<string | null>): void {
        this.tokens?.end();
        const tokens = new TokenKeeper(token, (next) => this.ask('set_token', json(next)));
        this.tokens = tokens;
        this.engine.connect(url, {token: tokens.ask});
    }
    disconnect(): void {
        this.tokens?.end();
        this.tokens = null;
        this.engine.disconnect();
    }
    close(): void {
        this.tokens?.end();
        this.engine.close();
    }

    /** The arguments and the answer are JSON texts. */
    private ask(method: string, ...values: readonly string[]): string {
        return this.engine.request(method, ...values);
    }

    private statusIs({connection, lastError}: SyncStatus): void {
        const refused = lastError?.code === 'unauthorized' || lastError?.code === 'token_expired';
        if (connection === 'offline' && refused && lastError.final) this.tokens?.refused();
    }

    private happened(event: EngineEvent): void {
        switch (event.type) {
            case 'changed':
                this.listener?.changed(event.space, event.documents.map(({collection, id}) => [collection, id] as const));
                return;
            case 'rejected':
                for (const {code, reason, documents} of event.changes) {
                    this.listener?.rejected(event.space, code, reason, encodeJson(documents as never));
                }
                return;
            case 'presence':
                this.listener?.presenceChanged(event.space);
                return;
            case 'status':
                this.statusIs(event.status);
                this.listener?.statusChanged();
                return;
            case 'broken':
                this.broken(event.error);
        }
    }
}

const json = (text: string): string => JSON.stringify(text);
