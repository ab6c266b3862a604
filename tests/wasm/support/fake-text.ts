import type {LiveText, Stop, TextDelta} from '../../../wasm/js/api.js';
import {Listeners} from './listeners.js';

type Id = readonly [time: number, site: number];
type Op = {readonly id: Id; readonly after: Id | null; readonly character: string} | {readonly erased: Id};
interface Element {
    readonly id: Id;
    readonly character: string;
    erased: boolean;
}

const same = (a: Id | null, b: Id | null): boolean => a?.[0] === b?.[0] && a?.[1] === b?.[1];
const later = (a: Id, b: Id): boolean => a[0] > b[0] || (a[0] === b[0] && a[1] > b[1]);

/** The log that texts share. What somebody does is in it after `push`, and at the others after their `pull`. */
export class FakeLog {
    readonly ops: {readonly op: Op; readonly by: FakeText}[] = [];
    readonly texts: FakeText[] = [];

    join(): FakeText {
        const text = new FakeText(this, this.texts.length);
        this.texts.push(text);
        return text;
    }

    /** Everything to everybody. */
    settle(): void {
        for (const text of this.texts) text.push();
        for (const text of this.texts) text.pull();
    }
}

/** A text of one site: a replicated growable array (Roh et al. 2011), one element a UTF-16 unit. */
export class FakeText implements LiveText {
    readonly listeners = new Listeners<TextDelta>();
    readonly edits: TextDelta[] = [];
    /** What the next edit fails with. */
    failure: Error | null = null;
    closed = false;
    /** Called after each edit that was made here. */
    afterEdit = (): void => undefined;
    #elements: Element[] = [];
    #time = 0;
    #outbox: Op[] = [];
    #read = 0;

    constructor(
        readonly log: FakeLog,
        readonly site: number,
    ) {}

    get value(): string {
        return this.#elements
            .filter(({erased}) => !erased)
            .map(({character}) => character)
            .join('');
    }

    get content(): LiveText['content'] {
        return this.value === '' ? [] : [{insert: this.value}];
    }

    async edit(delta: TextDelta): Promise<void> {
        if (this.failure !== null) {
            const failure = this.failure;
            this.failure = null;
            throw failure;
        }
        this.edits.push(delta);
        this.#do(delta);
        this.afterEdit();
    }

    #do(delta: TextDelta): void {
        let position = 0;
        for (const step of delta) {
            if ('retain' in step) {
                position += step.retain;
            } else if ('insert' in step) {
                for (const character of step.insert.split('')) {
                    const before = position === 0 ? null : this.#visible(position - 1);
                    this.#local({id: [(this.#time += 1), this.site], after: before?.id ?? null, character});
                    position += 1;
                }
            } else {
                for (let left = step.delete; left > 0; left -= 1) this.#local({erased: this.#visible(position).id});
            }
        }
    }

    observe(listener: (delta: TextDelta) => void): Stop {
        return this.listeners.add(listener);
    }

    async anchor(position: number): Promise<string> {
        return position === 0 ? 'start' : JSON.stringify(this.#visible(position - 1).id);
    }

    async resolve(anchor: string): Promise<number | null> {
        if (anchor === 'start') return 0;
        const at = this.#index(JSON.parse(anchor) as Id);
        return at < 0 ? null : this.#visibleBefore(at) + (this.#elements[at]?.erased ? 0 : 1);
    }

    close(): void {
        this.closed = true;
    }

    push(count = Infinity): void {
        for (const op of this.#outbox.splice(0, Math.min(count, this.#outbox.length)))
            this.log.ops.push({op, by: this});
    }

    pull(count = Infinity): void {
        const end = Math.min(this.#read + count, this.log.ops.length);
        for (; this.#read < end; this.#read += 1) {
            const entry = this.log.ops[this.#read];
            const delta = entry === undefined || entry.by === this ? [] : this.#apply(entry.op);
            if (delta.length > 0) this.listeners.tell(delta);
        }
    }

    #local(op: Op): void {
        this.#apply(op);
        this.#outbox.push(op);
    }

    #apply(op: Op): TextDelta {
        if ('erased' in op) {
            const at = this.#index(op.erased);
            const element = this.#elements[at];
            if (element === undefined) throw new Error('erased before it was inserted');
            if (element.erased) return [];
            const position = this.#visibleBefore(at);
            element.erased = true;
            return [{retain: position}, {delete: 1}];
        }
        this.#time = Math.max(this.#time, op.id[0]);
        let at = op.after === null ? 0 : this.#index(op.after) + 1;
        for (let next = this.#elements[at]; next !== undefined && later(next.id, op.id); next = this.#elements[at])
            at += 1;
        this.#elements.splice(at, 0, {id: op.id, character: op.character, erased: false});
        return [{retain: this.#visibleBefore(at)}, {insert: op.character}];
    }

    #index(id: Id): number {
        return this.#elements.findIndex((element) => same(element.id, id));
    }

    #visibleBefore(at: number): number {
        return this.#elements.slice(0, at).filter(({erased}) => !erased).length;
    }

    #visible(position: number): Element {
        const element = this.#elements.filter(({erased}) => !erased)[position];
        if (element === undefined) throw new RangeError(`no position ${position}`);
        return element;
    }
}
