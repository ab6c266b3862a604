import type {Path, SyncStatus, TextContent, Value} from './api.js';

/** What the engine tells, on its own or in the midst of a call. */
export interface EngineListener {
    /** These documents of the space look otherwise now. */
    changed(space: string, documents: readonly (readonly [collection: string, id: string])[]): void;
    /** `change` is JSON. */
    rejected(space: string, code: string, reason: string, change: string): void;
    /** The status of any space may be another one. */
    statusChanged(): void;
    presenceChanged(space: string): void;
}

/** A tab that said something of itself. */
export interface PresentTab {
    readonly replica: string;
    readonly session: string;
    /** '' for none. */
    readonly subject: string;
    readonly own: boolean;
    readonly value: Value;
}

export interface DocumentPage {
    /** `[[id, value, lists?], …]` */
    readonly text: string;
    readonly count: number;
    /** The id of the last. */
    readonly last: string;
}

/**
 * The engine as the server (server.ts) uses it: what `Engine` of engine.ts is made into by `enginePort`, and what tests
 * put in its place. Documents are JSON text. Everything is done when a call returns; errors are thrown as SynclineErrors.
 */
export interface EnginePort {
    readonly replica: string;
    listener: EngineListener | null;
    spaces(): readonly string[];
    /** Makes the space if it is not there. */
    openSpace(space: string): void;
    setSchema(schema: string): void;
    keepHistory(milliseconds: number): void;
    exportFile(): Uint8Array;
    collections(space: string): readonly string[];
    get(space: string, collection: string, id: string): string | undefined;
    /** The ids in the document's lists, as list-places.ts has them: JSON, `null` if it has none. */
    lists(space: string, collection: string, id: string): string;
    /** Up to `limit` documents with ids behind `after`, ascending; fewer only at the end. */
    page(space: string, collection: string, after: string, limit: number): DocumentPage;
    digest(space: string): string;
    status(space: string): SyncStatus;
    inspect(space: string): string;
    /** The relay's clock minus this device's, as of the last connection. */
    clockOffsetMs(space: string): number;
    history(space: string, collection: string, id: string): string;
    asOf(space: string, collection: string, id: string, sequence: number): string;
    conflicts(space: string, collection: string, id: string, path: Path): string;
    /** Once for each `once`, for a day. False: it was done before, and is not done again. */
    transact(space: string, ops: string, once: string): boolean;
    /** A handle. */
    undoOpen(space: string, depth: number, mergeMs: number): number;
    undoTransact(stack: number, ops: string, once: string): void;
    /** False: nothing was left to do. */
    undoStep(stack: number, step: 'undo' | 'redo', once: string): boolean;
    undoState(stack: number): {readonly canUndo: boolean; readonly canRedo: boolean};
    undoClose(stack: number): void;
    /** The text at the path with its marks; empty if there is none. */
    content(space: string, collection: string, id: string, path: Path): TextContent;
    /** Of the text or the list at the path: a handle that stays with the character or the element. */
    anchor(space: string, collection: string, id: string, path: Path, position: number): string;
    /** Where that is now; null: it is gone, or cannot be told. */
    resolve(space: string, anchor: string): number | null;
    presenceSet(space: string, tab: string, value: string): void;
    presenceClear(space: string, tab: string): void;
    /** Who is in the space, this replica's own tabs included. */
    presence(space: string): readonly PresentTab[];
    /** `token` is asked before each connection, if there is one to ask. */
    connect(url: string, token: () => Promise<string | null>): void;
    disconnect(): void;
    close(): void;
}
