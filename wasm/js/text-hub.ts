import type {Path, Step, TextContent, TextDelta, Value} from './api.js';
import {changed, contentDifference} from './content.js';
import {isIdle, transform, transformPosition} from './delta.js';
import type {EnginePort} from './engine-port.js';
import {SynclineError} from './errors.js';
import {encodeJson} from './json.js';
import type {Calls, DocumentAt, TextResolved, TextStart} from './protocol.js';
import type {Session} from './server-session.js';

/** So many deltas are kept for pages that have not heard of them when they edit. One that is further behind begins anew. */
const deltasKept = 1_000;

/** A page's live text. */
interface Follower {
    readonly session: Session;
    readonly text: number;
}

/** The texts that pages follow: what was made of each, in one order, against which pages' edits are brought. */
export class TextHubs {
    private readonly hubs = new Set<TextHub>();
    private readonly byFollower = new Map<Session, Map<number, TextHub>>();

    constructor(private readonly engine: EnginePort) {}

    open(session: Session, {text, space, collection, id, path, elements, onces}: Parameters<Calls['textOpen']>[0]): TextStart {
        this.close(session, text);
        const place = new TextPlace(this.engine, {space, collection, id}, path, elements);
        const now = place.now();
        let hub = this.hubsIn(space, collection, id).find((one) => one.isAt(now));
        if (hub === undefined) {
            hub = new TextHub(this.engine, place);
            this.hubs.add(hub);
        }
        hub.refresh();
        hub.followers.add({session, text});
        let texts = this.byFollower.get(session);
        if (texts === undefined) this.byFollower.set(session, (texts = new Map()));
        texts.set(text, hub);
        // To do nothing once is to ask whether it was done.
        const done = onces.map((once) => !this.engine.transact(space, '[]', once));
        return {version: hub.version, content: hub.content, done, elements: place.elements};
    }

    edit(session: Session, text: number, base: number, delta: TextDelta, once: string): void {
        this.hub(session, text).edit({session, text}, base, delta, once);
    }
    anchor(session: Session, text: number, base: number, position: number): string {
        return this.hub(session, text).anchor(base, position);
    }
    resolve(session: Session, text: number, anchor: string): TextResolved {
        return this.hub(session, text).resolve(anchor);
    }
    close(session: Session, text: number): void {
        const hub = this.byFollower.get(session)?.get(text);
        if (hub === undefined) return;
        this.byFollower.get(session)?.delete(text);
        for (const follower of hub.followers) {
            if (follower.session === session && follower.text === text) hub.followers.delete(follower);
        }
        if (hub.followers.size === 0) this.hubs.delete(hub);
    }
    left(session: Session): void {
        for (const text of [...(this.byFollower.get(session)?.keys() ?? [])]) this.close(session, text);
        this.byFollower.delete(session);
    }
    /** The document is another one now. */
    changed(space: string, collection: string, id: string): void {
        for (const hub of this.hubsIn(space, collection, id)) hub.refresh();
    }

    private hubsIn(space: string, collection: string, id: string): TextHub[] {
        return [...this.hubs].filter(({at}) => at.id === id && at.collection === collection && at.space === space);
    }

    private hub(session: Session, text: number): TextHub {
        const hub = this.byFollower.get(session)?.get(text);
        if (hub === undefined) throw new SynclineError('closed', 'the text was closed');
        return hub;
    }
}

/** One text. */
class TextHub {
    version = 0;
    content: TextContent = [];
    readonly followers = new Set<Follower>();
    readonly at: DocumentAt;
    /** The last of them made `version`. */
    private readonly deltas: TextDelta[] = [];

    constructor(
        private readonly engine: EnginePort,
        private readonly place: TextPlace,
    ) {
        this.at = place.at;
        this.content = this.read();
    }

    /** Whether it is the text at this path now: lists may have been sorted since it was opened, and elements erased. */
    isAt(path: Path): boolean {
        return encodeJson(this.place.ifThere()) === encodeJson(path);
    }

    /** Tells what was done to the text by other ways than here. */
    refresh(): void {
        const delta = contentDifference(this.content, this.readIfThere());
        if (!isIdle(delta)) this.made(delta, null);
    }

    edit(by: Follower, base: number, delta: TextDelta, once: string): void {
        this.refresh();
        const brought = this.since(base).reduce((edit, over) => transform(edit, over, 'earlier'), delta);
        if (!isIdle(brought)) this.engine.transact(this.at.space, this.ops(brought), once);
        this.made(brought, by);
        // Should the engine have made something else of it, that is told as another's.
        this.refresh();
    }

    anchor(base: number, position: number): string {
        const now = this.since(base).reduce((at, over) => transformPosition(at, over, 'right'), position);
        const {space, collection, id} = this.at;
        return this.engine.anchor(space, collection, id, this.place.now(), now);
    }
    resolve(anchor: string): TextResolved {
        this.refresh();
        return {version: this.version, position: this.engine.resolve(this.at.space, anchor)};
    }

    private made(delta: TextDelta, by: Follower | null): void {
        this.content = changed(this.content, delta);
        this.version++;
        this.deltas.push(delta);
        if (this.deltas.length > deltasKept) this.deltas.shift();
        for (const {session, text} of this.followers) {
            const mine = by !== null && session === by.session && text === by.text;
            session.tell({t: 'text', text, version: this.version, delta: mine ? [] : delta, mine});
        }
    }

    private since(base: number): readonly TextDelta[] {
        const missed = this.version - base;
        if (missed < 0 || missed > this.deltas.length) throw new SynclineError('stale', 'the edit was made against a text of long ago');
        return missed === 0 ? [] : this.deltas.slice(-missed);
    }

    /** The text of an element that is gone stays as it was, and takes no edits: those fail. */
    private readIfThere(): TextContent {
        try {
            return this.read();
        } catch (thrown) {
            if (thrown instanceof SynclineError && thrown.code === 'not_found') return this.content;
            throw thrown;
        }
    }
    private read(): TextContent {
        const {space, collection, id} = this.at;
        const path = this.place.now();
        return this.engine.content(space, collection, id, path);
    }

    private ops(delta: TextDelta): string {
        const head = `"doc":${encodeJson([this.at.collection, this.at.id])},"path":${encodeJson(this.place.now())},"unit":"utf16"`;
        const ops: string[] = [];
        let at = 0;
        const mark = (count: number, properties: Readonly<Record<string, Value>>): void => {
            for (const [name, value] of Object.entries(properties)) {
                const range = `"index":${at},"count":${count},"name":${encodeJson(name)}`;
                ops.push(
                    value === null ? `{"op":"text_unmark",${head},${range}}` : `{"op":"text_mark",${head},${range},"value":${encodeJson(value)}}`,
                );
            }
        };
        for (const piece of delta) {
            if ('delete' in piece) {
                ops.push(`{"op":"text_erase",${head},"index":${at},"count":${piece.delete}}`);
                continue;
            }
            if ('insert' in piece) ops.push(`{"op":"text_insert",${head},"index":${at},"text":${encodeJson(piece.insert)}}`);
            const length = 'insert' in piece ? piece.insert.length : piece.retain;
            if (piece.properties !== undefined) mark(length, piece.properties);
            at += length;
        }
        return `[${ops.join(',')}]`;
    }
}

/** Where a text is. Steps into lists are taken as the elements that they lead to now, wherever those are moved. */
class TextPlace {
    readonly elements: TextStart['elements'];

    constructor(
        private readonly engine: EnginePort,
        readonly at: DocumentAt,
        private readonly path: Path,
        elements?: TextStart['elements'],
    ) {
        const {space, collection, id} = at;
        this.elements =
            elements ?? path.map((step, depth) => (typeof step === 'number' ? engine.anchor(space, collection, id, path.slice(0, depth), step) : null));
    }

    /** The path as it is now. Error: `not_found` when an element is gone. */
    now(): Path {
        const path = this.ifThere();
        if (path === null) throw new SynclineError('not_found', 'the list element that holds the text is gone');
        return path;
    }
    /** null when an element is gone. */
    ifThere(): Path | null {
        const path: Step[] = [];
        for (const [depth, step] of this.path.entries()) {
            const element = this.elements[depth];
            const now = typeof element === 'string' ? this.engine.resolve(this.at.space, element) : step;
            if (now === null) return null;
            path.push(now);
        }
        return path;
    }
}
