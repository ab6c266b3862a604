import type {Path, SyncStatus, TextContent, TextDelta, Warning} from './api.js';
import type {SeenLists} from './list-places.js';

/**
 * What pages and the engine's side say to each other, by structured clone. A page sends `FromPage`, in any order it
 * likes; the other side answers with `ToPage`, numbered from 0 in each link, so that a loss is noticed.
 *
 * Documents travel as JSON text (json.ts): the worker copies the engine's text, and only the page that wants the
 * values makes them.
 */

/** Sides of different numbers do not understand each other. Raise it with every change in this file. */
export const PROTOCOL = 3;
/** Of the library, for people. */
export const VERSION = '0.1.0';

/** The relay to be connected with; null: offline; undefined: whatever the options of the first page say. */
export type Wish = string | null | undefined;

export interface DocumentAt {
    readonly space: string;
    readonly collection: string;
    readonly id: string;
}
export interface Once {
    /** The request's id, the same when it is asked again: the engine does it once. */
    readonly once: string;
}
/** The lists that indexes are in, as the page that says them holds them; nothing where it holds none. */
export interface Seen {
    readonly seen?: SeenLists;
}
export interface StackAt {
    /** The page's number for its undo stack. */
    readonly stack: number;
}
export interface TextAt {
    /** The page's number for its live text. */
    readonly text: number;
}

/** How a text stands when a page begins to follow it, or follows it again at another leader. */
export interface TextStart {
    readonly version: number;
    readonly content: TextContent;
    /** Of each edit of the question, whether it is in it. */
    readonly done: readonly boolean[];
    /** Of each step of the path, where it leads into a list, what stays with the element: to find the text by, from then on. */
    readonly elements: readonly (string | null)[];
}

export interface TextResolved {
    /** The one that the position is of. */
    readonly version: number;
    /** null: it cannot be told. */
    readonly position: number | null;
}

/** What a page can ask. Of each the parameter, and what is answered. */
export interface Calls {
    /** From now on its status is told. */
    openSpace(of: {readonly space: string}): void;
    /** Sends all documents of the collection as `loaded`, then answers; from now on its changes are told. */
    watch(of: {readonly space: string; readonly collection: string}): void;
    unwatch(of: {readonly space: string; readonly collection: string}): void;
    watchDocument(of: DocumentAt): void;
    unwatchDocument(of: DocumentAt): void;
    spaces(of: object): readonly string[];
    collections(of: {readonly space: string}): readonly string[];
    digest(of: {readonly space: string}): string;
    /** JSON, as the engine has it. So are the next. */
    inspect(of: {readonly space: string}): string;
    history(of: DocumentAt): string;
    asOf(of: DocumentAt & {readonly sequence: number}): string;
    conflicts(of: DocumentAt & {readonly path: Path}): string;
    /** `ops` is the JSON list of recorder.ts. */
    transact(of: Once & Seen & {readonly space: string; readonly ops: string}): void;
    undoOpen(of: StackAt & {readonly space: string; readonly depth: number; readonly mergeMs: number}): void;
    undoTransact(of: Once & Seen & StackAt & {readonly ops: string}): void;
    undo(of: Once & StackAt): boolean;
    redo(of: Once & StackAt): boolean;
    undoClose(of: StackAt): void;
    /** With `elements` when it was open before. Error: `not_found` where one of them was erased. */
    textOpen(
        of: TextAt & DocumentAt & Seen & {readonly path: Path; readonly elements?: TextStart['elements']; readonly onces: readonly string[]},
    ): TextStart;
    /** Made against `base`. It is told as a `text` of its own, in order, and answered when it is durable. */
    textEdit(of: Once & TextAt & {readonly base: number; readonly delta: TextDelta}): void;
    textAnchor(of: TextAt & {readonly base: number; readonly position: number}): string;
    textResolve(of: TextAt & {readonly anchor: string}): TextResolved;
    textClose(of: TextAt): void;
    presenceSet(of: {readonly space: string; readonly value: string}): void;
    presenceClear(of: {readonly space: string}): void;
    /** With the relay of the last wish if there is no `url`. */
    connect(of: {readonly url?: string}): void;
    disconnect(of: object): void;
    keepHistory(of: {readonly milliseconds: number}): void;
    exportFile(of: object): Uint8Array;
    wipe(of: object): void;
}

export type FromPage =
    | {
          readonly t: 'hello';
          readonly tab: string;
          /** JSON, of the app's schema. */
          readonly schema: string | null;
          readonly url: string | null;
          readonly token: boolean;
          readonly wish: Wish;
      }
    /** `heard`: how many messages the page had by then, and so how much of what it did itself is in what it sees. */
    | {
          [K in keyof Calls]: {readonly t: 'ask'; readonly id: number; readonly what: K; readonly of: Parameters<Calls[K]>[0]; readonly heard: number};
      }[keyof Calls]
    | {readonly t: 'token'; readonly id: number; readonly token: string | null}
    | {readonly t: 'bye'};

export interface Problem {
    readonly code: string;
    readonly message: string;
}

export type Tidings =
    | {readonly t: 'welcome'; readonly replica: string; readonly storage: 'file' | 'opfs' | 'indexeddb' | 'memory'; readonly warnings: readonly Warning[]}
    | {readonly t: 'refused'; readonly problem: Problem}
    | {readonly t: 'answer'; readonly id: number; readonly value?: unknown; readonly problem?: Problem}
    /** `documents`: `[[id, value, lists?], …]`, the ids in the lists with those that have some (list-places.ts). */
    | {readonly t: 'loaded'; readonly space: string; readonly collection: string; readonly documents: string}
    /** `documents`: `[[collection, id, value or null, lists?], …]` */
    | {readonly t: 'changed'; readonly space: string; readonly documents: string}
    | {readonly t: 'status'; readonly space: string; readonly status: SyncStatus}
    | {readonly t: 'undo'; readonly stack: number; readonly canUndo: boolean; readonly canRedo: boolean}
    /** `mine`: the page's own edit has its place in the order now; the delta is empty. */
    | {readonly t: 'text'; readonly text: number; readonly version: number; readonly delta: TextDelta; readonly mine: boolean}
    /** `others`: JSON of the list of entries */
    | {readonly t: 'presence'; readonly space: string; readonly others: string}
    | {readonly t: 'rejected'; readonly space: string; readonly code: string; readonly reason: string; readonly change: string}
    | {readonly t: 'warning'; readonly warning: Warning}
    | {readonly t: 'replica'; readonly replica: string}
    | {readonly t: 'wish'; readonly wish: Wish}
    | {readonly t: 'token'; readonly id: number}
    | {readonly t: 'wiped'};

export type ToPage = Tidings & {readonly n: number};

/** One end of a link between a page and the engine's side. Messages arrive in the order they were posted. */
export interface Link<Out, In> {
    post(message: Out, transfer?: Transferable[]): void;
    onmessage: ((message: In) => void) | null;
    close(): void;
}
export type PageLink = Link<FromPage, ToPage>;
export type EngineLink = Link<ToPage, FromPage>;

/** Two ends in one process. What is posted arrives in a microtask of its own, as it would from elsewhere. */
export function linkPair(): {page: PageLink; engine: EngineLink} {
    const page: PageLink = {post: () => undefined, onmessage: null, close: () => undefined};
    const engine: EngineLink = {post: () => undefined, onmessage: null, close: () => undefined};
    let open = true;
    const close = (): void => {
        open = false;
    };
    page.post = (message) => queueMicrotask(() => open && engine.onmessage?.(message));
    engine.post = (message) => queueMicrotask(() => open && page.onmessage?.(message));
    page.close = close;
    engine.close = close;
    return {page, engine};
}
