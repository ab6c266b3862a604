import type {LiveText, Path, Stop, TextContent, TextDelta} from './api.js';
import type {Client} from './client.js';
import {changed, contentDifference, plain} from './content.js';
import {check, compose, isIdle, transform, transformPosition} from './delta.js';
import {SynclineError} from './errors.js';
import {Listeners} from './listeners.js';
import type {DocumentAt, Seen, TextAt, TextStart} from './protocol.js';

/** Edits that are on their way, or wait for their turn. */
interface Pending {
    delta: TextDelta;
    readonly resolve: (() => void)[];
    readonly reject: ((error: SynclineError) => void)[];
}
interface Sent extends Pending {
    /** The request's id, the same when it is sent again to another leader. */
    readonly once: string;
}
interface Wanted {
    position: number;
    resolve(anchor: string): void;
    reject(error: SynclineError): void;
}

/**
 * A text that an editor shows: `confirmed`, as it was in the order of the engine's side at `version`; then the edit that
 * is on its way; then what was typed since, as one. What others did is told in order, is brought behind those two, and
 * they are brought behind it.
 */
export class PageText implements LiveText {
    value = '';
    content: TextContent = [];
    /** Below 0 until it is opened. */
    private version = -1;
    private confirmed: TextContent = [];
    private sent: Sent | null = null;
    private typed: Pending | null = null;
    private anchors: Wanted[] = [];
    /** Why it takes no more edits. */
    private closed: SynclineError | null = null;
    /** What its steps into lists lead to: known from when it was opened, and so not to be mistaken for what stands there now. */
    private elements: TextStart['elements'] = [];
    /** While it is opened: what was told meanwhile. */
    private early: (readonly [version: number, delta: TextDelta, mine: boolean])[] | null = [];
    /** Edits that had their place at a leader that is gone, which did not say that they are durable. */
    private ordereds: Sent[] = [];
    private readonly listeners = new Listeners<TextDelta>();

    constructor(
        private readonly client: Client,
        private readonly at: DocumentAt & TextAt & Seen & {readonly path: Path},
        private readonly forget: () => void,
    ) {}

    edit(delta: TextDelta): Promise<void> {
        return new Promise((resolve, reject) => {
            if (this.closed !== null) throw this.closed;
            check(delta, this.value);
            this.put(delta);
            this.moveAnchors(delta);
            this.typed ??= {delta: [], resolve: [], reject: []};
            this.typed.delta = compose(this.typed.delta, delta);
            this.typed.resolve.push(resolve);
            this.typed.reject.push(reject);
            this.send();
        });
    }
    observe(listener: (delta: TextDelta) => void): Stop {
        return this.listeners.add(listener);
    }
    anchor(position: number): Promise<string> {
        return new Promise((resolve, reject) => {
            if (this.closed !== null) throw this.closed;
            if (!Number.isInteger(position) || position < 0 || position > this.value.length) {
                throw new SynclineError('out_of_range', 'there is no such position in the text');
            }
            this.anchors.push({position, resolve, reject});
            this.askAnchors();
        });
    }
    async resolve(anchor: string): Promise<number | null> {
        for (;;) {
            const {version, position} = await this.client.ask('textResolve', {text: this.at.text, anchor});
            if (position === null) return null;
            // What others did meanwhile is not in that answer: ask again.
            if (version !== this.version) continue;
            const pending = [this.sent, this.typed].filter((one) => one !== null);
            return pending.reduce((now, one) => transformPosition(now, one.delta, 'right'), position);
        }
    }
    close(): void {
        if (this.closed !== null) return;
        const why = new SynclineError('closed', 'the text was closed');
        const last = this.typed ?? this.sent;
        const letGo = (): void => {
            this.end(why);
            this.client.ask('textClose', {text: this.at.text}).catch(() => undefined);
        };
        this.closed = why;
        // What was typed is still on its way.
        if (last === null) letGo();
        else {
            last.resolve.push(letGo);
            last.reject.push(letGo);
        }
    }

    // ---- What the store tells it

    async open(): Promise<void> {
        const start = await this.client.ask('textOpen', {...this.at, onces: []});
        this.version = start.version;
        this.elements = start.elements;
        this.confirmed = start.content;
        this.content = start.content;
        this.value = plain(start.content);
        this.goOn();
    }

    /** There is a new leader: finds out what became of what was on its way, and goes on from there. */
    reattached(): void {
        // Who has not opened yet is asking for that anyway.
        if (this.version >= 0) void this.reopen();
    }

    received(version: number, delta: TextDelta, mine: boolean): void {
        if (this.early !== null) {
            this.early.push([version, delta, mine]);
        } else if (version > this.version) {
            this.version = version;
            if (mine) this.ordered();
            else this.takeIn(delta);
        }
    }

    /** The edit that was on its way has its place; it is resolved when it is durable. */
    private ordered(): void {
        if (this.sent === null) return;
        this.confirmed = changed(this.confirmed, this.sent.delta);
        this.sent = null;
        this.send();
        this.askAnchors();
    }

    private takeIn(delta: TextDelta): void {
        this.confirmed = changed(this.confirmed, delta);
        let incoming = delta;
        for (const pending of [this.sent, this.typed]) {
            if (pending === null) continue;
            const brought = transform(incoming, pending.delta, 'later');
            pending.delta = transform(pending.delta, incoming, 'earlier');
            incoming = brought;
        }
        this.show(incoming);
    }

    private send(): void {
        if (this.sent !== null || this.typed === null || this.early !== null) return;
        this.sendAs(this.typed, this.client.once());
    }
    private sendAs(pending: Pending, once: string): void {
        const sent: Sent = {...pending, once};
        this.sent = sent;
        if (pending === this.typed) this.typed = null;
        this.client.askHere('textEdit', {text: this.at.text, base: this.version, delta: sent.delta, once}).then(
            () => sent.resolve.forEach((resolve) => resolve()),
            (error: SynclineError) => this.refused(sent, error),
        );
    }

    private refused(sent: Sent, error: SynclineError): void {
        if (error.code === 'connection_lost') {
            // What is still on its way is asked for by `reopen`; so is what had its place but was not said to be durable.
            if (this.sent !== sent) this.ordereds.push(sent);
            return;
        }
        sent.reject.forEach((reject) => reject(error));
        if (this.sent !== sent) return;
        // It did not happen, and what was typed since stands on it: both are taken back.
        this.sent = null;
        this.takeBack(error);
        if (error.code === 'closed') this.end(error);
        else void this.reopen();
    }

    private takeBack(error: SynclineError): void {
        this.typed?.reject.forEach((reject) => reject(error));
        this.typed = null;
    }

    private async reopen(): Promise<void> {
        const ordereds = this.ordereds;
        this.ordereds = [];
        this.early = [];
        const {sent} = this;
        const asked = sent === null ? ordereds : [...ordereds, sent];
        try {
            const {at, elements} = this;
            const start = await this.client.askHere('textOpen', {...at, elements, onces: asked.map(({once}) => once)});
            this.version = start.version;
            asked.forEach((one, at) => {
                if (start.done[at] === true) one.resolve.forEach((resolve) => resolve());
                else if (one !== sent) one.reject.forEach((reject) => reject(new SynclineError('connection_lost', 'the edit was lost with the leader')));
            });
            if (sent !== null && start.done.at(-1) === true) {
                this.confirmed = changed(this.confirmed, sent.delta);
                this.sent = null;
            }
            // What was taken back leaves the editor's copy with more than what is confirmed and pending.
            const shown = [this.sent, this.typed].reduce((text, one) => (one === null ? text : changed(text, one.delta)), this.confirmed);
            this.show(contentDifference(this.content, shown));
            this.takeIn(contentDifference(this.confirmed, start.content));
            this.goOn();
        } catch (thrown) {
            this.ordereds.unshift(...ordereds);
            const error = thrown as SynclineError;
            if (error.code !== 'connection_lost') this.end(error);
        }
    }

    /** After the start of a version was taken over. */
    private goOn(): void {
        const early = this.early ?? [];
        this.early = null;
        for (const [version, delta, mine] of early) this.received(version, delta, mine);
        if (this.sent !== null) this.sendAs(this.sent, this.sent.once);
        else this.send();
        this.askAnchors();
    }

    private show(delta: TextDelta): void {
        if (isIdle(delta)) return;
        this.put(delta);
        this.moveAnchors(delta);
        this.listeners.tell(delta);
    }

    private put(delta: TextDelta): void {
        this.content = changed(this.content, delta);
        this.value = plain(this.content);
    }
    private moveAnchors(delta: TextDelta): void {
        for (const wanted of this.anchors) wanted.position = transformPosition(wanted.position, delta, 'right');
    }
    /** An anchor is asked for when the engine's side has all that was typed here. */
    private askAnchors(): void {
        if (this.sent !== null || this.typed !== null || this.early !== null) return;
        const anchors = this.anchors;
        this.anchors = [];
        for (const {position, resolve, reject} of anchors) {
            this.client.ask('textAnchor', {text: this.at.text, base: this.version, position}).then(resolve, reject);
        }
    }

    private end(why: SynclineError): void {
        this.closed = why;
        this.listeners.clear();
        for (const pending of [this.sent, this.typed]) pending?.reject.forEach((reject) => reject(why));
        this.sent = this.typed = null;
        for (const wanted of this.anchors) wanted.reject(why);
        this.anchors = [];
        this.forget();
    }
}
