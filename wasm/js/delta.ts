import type {TextDelta, Value} from './api.js';
import {SynclineError} from './errors.js';
import {encodeJson} from './json.js';

/**
 * Deltas of texts: a list of what to keep, insert and delete, from the text's beginning; what is behind its end is
 * kept. Lengths are UTF-16 units. No delta that is made here from sound ones splits a surrogate pair.
 *
 * Laws (tested): `apply(apply(t, a), b) === apply(t, compose(a, b))`, and for two deltas of one text
 * `compose(a, transform(b, a, 'later'))` does what `compose(b, transform(a, b, 'earlier'))` does.
 */

type Properties = Readonly<Record<string, Value>>;
type Piece = TextDelta[number];

/** Builds a delta in its one form: neighbours of a kind joined, an insert in front of a delete, no keeping at the end. */
export class DeltaBuilder {
    private readonly pieces: Piece[] = [];

    retain(length: number, properties?: Properties): this {
        if (length === 0) return this;
        const last = this.pieces.at(-1);
        if (last !== undefined && 'retain' in last && sameProperties(last.properties, properties)) {
            this.pieces[this.pieces.length - 1] = withProperties({retain: last.retain + length}, properties);
        } else {
            this.pieces.push(withProperties({retain: length}, properties));
        }
        return this;
    }
    insert(text: string, properties?: Properties): this {
        if (text === '') return this;
        // At one place the order of insert and delete makes no difference: the insert goes first.
        let at = this.pieces.length;
        const last = this.pieces[at - 1];
        if (last !== undefined && 'delete' in last) at--;
        const before = this.pieces[at - 1];
        if (before !== undefined && 'insert' in before && sameProperties(before.properties, properties)) {
            this.pieces[at - 1] = withProperties({insert: before.insert + text}, properties);
        } else {
            this.pieces.splice(at, 0, withProperties({insert: text}, properties));
        }
        return this;
    }
    delete(length: number): this {
        if (length === 0) return this;
        const last = this.pieces.at(-1);
        if (last !== undefined && 'delete' in last) this.pieces[this.pieces.length - 1] = {delete: last.delete + length};
        else this.pieces.push({delete: length});
        return this;
    }
    done(): TextDelta {
        for (let last = this.pieces.at(-1); last !== undefined && 'retain' in last && last.properties === undefined; last = this.pieces.at(-1)) {
            this.pieces.pop();
        }
        return Object.freeze(this.pieces);
    }
}

/** It changes nothing. */
export function isIdle(delta: TextDelta): boolean {
    return delta.every((piece) => 'retain' in piece && piece.properties === undefined);
}

/** The text after it. */
export function apply(text: string, delta: TextDelta): string {
    let result = '';
    let at = 0;
    for (const piece of delta) {
        if ('insert' in piece) {
            result += piece.insert;
        } else if ('retain' in piece) {
            result += text.slice(at, at + piece.retain);
            at += piece.retain;
        } else {
            at += piece.delete;
        }
    }
    return result + text.slice(at);
}

/** Throws `invalid_argument` unless it is a delta of this text that splits no character. */
export function check(delta: TextDelta, text: string): void {
    let at = 0;
    for (const piece of delta) {
        if ('insert' in piece) {
            if (typeof piece.insert !== 'string' || !wellFormed(piece.insert)) throw wrong('it inserts what is no text');
            if (splitsPair(text, at)) throw wrong('it inserts into the middle of a character');
            continue;
        }
        const length = 'retain' in piece ? piece.retain : piece.delete;
        if (!Number.isSafeInteger(length) || length < 0) throw wrong('a length is none');
        if (splitsPair(text, at) && length > 0 && !plainRetain(piece)) throw wrong('it begins in the middle of a character');
        at += length;
        if (at > text.length) throw wrong('it goes beyond the end of the text');
        if (splitsPair(text, at) && length > 0 && !plainRetain(piece)) throw wrong('it ends in the middle of a character');
    }
}

/** First `a`, then `b`, as one. */
export function compose(a: TextDelta, b: TextDelta): TextDelta {
    const first = new Cursor(a);
    const second = new Cursor(b);
    const result = new DeltaBuilder();
    while (first.more || second.more) {
        if (first.kind === 'delete') {
            result.delete(first.take(Infinity).length);
        } else if (second.kind === 'insert') {
            const {text, properties} = second.take(Infinity);
            result.insert(text, properties);
        } else {
            const length = Math.min(first.left, second.left);
            if (length === Infinity) break;
            const kept = first.take(length);
            const then = second.take(length);
            if (then.kind === 'delete') {
                if (kept.kind === 'retain') result.delete(length);
            } else if (kept.kind === 'insert') {
                result.insert(kept.text, settled({...kept.properties, ...then.properties}));
            } else {
                result.retain(length, orNone({...kept.properties, ...then.properties}));
            }
        }
    }
    return result.done();
}

/**
 * `delta` as it has to be for who did `over` already. Both were made against one text. The one that is `earlier` has its
 * inserts in front where both insert, and its properties give way where both give some.
 */
export function transform(delta: TextDelta, over: TextDelta, order: 'earlier' | 'later'): TextDelta {
    const mine = new Cursor(delta);
    const theirs = new Cursor(over);
    const result = new DeltaBuilder();
    while (mine.more || theirs.more) {
        if (theirs.kind === 'insert' && (order === 'later' || mine.kind !== 'insert')) {
            result.retain(theirs.take(Infinity).length);
        } else if (mine.kind === 'insert') {
            const {text, properties} = mine.take(Infinity);
            result.insert(text, properties);
        } else {
            const length = Math.min(mine.left, theirs.left);
            if (length === Infinity) break;
            const own = mine.take(length);
            const other = theirs.take(length);
            if (other.kind === 'delete') continue;
            if (own.kind === 'delete') result.delete(length);
            else result.retain(length, order === 'later' ? own.properties : without(own.properties, other.properties));
        }
    }
    return result.done();
}

/** Where a position is after `delta`; with 'left' it stays in front of what is inserted right there. */
export function transformPosition(position: number, delta: TextDelta, side: 'left' | 'right'): number {
    let at = 0;
    let moved = position;
    for (const piece of delta) {
        if ('retain' in piece) {
            at += piece.retain;
        } else if ('insert' in piece) {
            if (at < moved || (at === moved && side === 'right')) moved += piece.insert.length;
            at += piece.insert.length;
        } else {
            if (at < moved) moved -= Math.min(piece.delete, moved - at);
        }
        if (at > moved) break;
    }
    return moved;
}

/** A delta from one text to another: what differs in the middle, whole characters. */
export function difference(before: string, after: string): TextDelta {
    const shorter = Math.min(before.length, after.length);
    let front = 0;
    while (front < shorter && before.charCodeAt(front) === after.charCodeAt(front)) front++;
    while (front > 0 && (splitsPair(before, front) || splitsPair(after, front))) front--;
    let back = 0;
    while (back < shorter - front && before.charCodeAt(before.length - 1 - back) === after.charCodeAt(after.length - 1 - back)) back++;
    while (back > 0 && (splitsPair(before, before.length - back) || splitsPair(after, after.length - back))) back--;
    return new DeltaBuilder()
        .retain(front)
        .insert(after.slice(front, after.length - back))
        .delete(before.length - back - front)
        .done();
}

/** Walks over a delta in pieces of any length. Behind its end it keeps for ever. */
class Cursor {
    private index = 0;
    private offset = 0;
    constructor(private readonly delta: TextDelta) {}

    get more(): boolean {
        return this.index < this.delta.length;
    }
    get kind(): 'retain' | 'insert' | 'delete' {
        const piece = this.delta[this.index];
        return piece === undefined || 'retain' in piece ? 'retain' : 'insert' in piece ? 'insert' : 'delete';
    }
    /** Of the piece at hand. */
    get left(): number {
        const piece = this.delta[this.index];
        return piece === undefined ? Infinity : lengthOf(piece) - this.offset;
    }
    take(length: number): {kind: 'retain' | 'insert' | 'delete'; length: number; text: string; properties?: Properties} {
        const piece = this.delta[this.index];
        const kind = this.kind;
        if (piece === undefined) return {kind, length, text: ''};
        const from = this.offset;
        const taken = Math.min(length, this.left);
        this.offset += taken;
        if (this.offset === lengthOf(piece)) {
            this.index++;
            this.offset = 0;
        }
        const text = 'insert' in piece ? piece.insert.slice(from, from + taken) : '';
        const properties = 'delete' in piece ? undefined : piece.properties;
        return properties === undefined ? {kind, length: taken, text} : {kind, length: taken, text, properties};
    }
}

function lengthOf(piece: Piece): number {
    return 'insert' in piece ? piece.insert.length : 'retain' in piece ? piece.retain : piece.delete;
}
function plainRetain(piece: Piece): boolean {
    return 'retain' in piece && piece.properties === undefined;
}
/** Between the halves of a surrogate pair. */
export function splitsPair(text: string, at: number): boolean {
    return (text.charCodeAt(at - 1) & 0xfc00) === 0xd800 && (text.charCodeAt(at) & 0xfc00) === 0xdc00;
}
function wellFormed(text: string): boolean {
    return !/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(text);
}
function wrong(why: string): SynclineError {
    return new SynclineError('invalid_argument', `this is no change of the text: ${why}`);
}

function withProperties<P extends {retain: number} | {insert: string}>(piece: P, properties: Properties | undefined): P {
    return properties === undefined ? piece : {...piece, properties};
}
function orNone(properties: Properties): Properties | undefined {
    return Object.keys(properties).length === 0 ? undefined : properties;
}
/** On a text that is inserted, null has nothing to take away. */
function settled(properties: Properties): Properties | undefined {
    return orNone(Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== null)));
}
function without(properties: Properties | undefined, taken: Properties | undefined): Properties | undefined {
    if (properties === undefined || taken === undefined) return properties;
    return orNone(Object.fromEntries(Object.entries(properties).filter(([name]) => !Object.hasOwn(taken, name))));
}
function sameValue(a: Value, b: Value): boolean {
    return Object.is(a, b) || (typeof a === 'object' && typeof b === 'object' && encodeJson(a) === encodeJson(b));
}
function sameProperties(a: Properties | undefined, b: Properties | undefined): boolean {
    if (a === b) return true;
    if (a === undefined || b === undefined) return false;
    const names = Object.keys(a);
    return names.length === Object.keys(b).length && names.every((name) => Object.hasOwn(b, name) && sameValue(a[name] as Value, b[name] as Value));
}
