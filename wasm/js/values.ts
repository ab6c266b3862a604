import type {DocumentValue, Value} from './api.js';

/**
 * `next`, frozen deep down, with every part of it that equals the part of `old` in the same place being that part
 * itself: what did not change keeps its identity. Gives `old` if nothing did. `next` is taken over. O(size).
 */
export function shared<V extends Value>(old: Value | undefined, next: V): V {
    return share(old, next) as V;
}

/** Freezes a new value, deep down. */
export function frozen<V extends Value>(value: V): V {
    return share(undefined, value) as V;
}

function share(old: Value | undefined, next: Value): Value {
    if (typeof next !== 'object' || next === null) return Object.is(old, next) ? (old as Value) : next;
    // Views of bytes cannot be frozen.
    if (next instanceof Uint8Array) return old instanceof Uint8Array && sameBytes(old, next) ? old : next;
    if (Array.isArray(next)) return shareArray(Array.isArray(old) ? (old as readonly Value[]) : undefined, next as Value[]);
    const isMap = typeof old === 'object' && old !== null && !Array.isArray(old) && !(old instanceof Uint8Array);
    return shareMap(isMap ? (old as DocumentValue) : undefined, next as {[key: string]: Value});
}

function shareArray(old: readonly Value[] | undefined, next: Value[]): Value {
    let same = old !== undefined && old.length === next.length;
    for (let at = 0; at < next.length; at++) {
        const element = share(old?.[at], next[at] as Value);
        next[at] = element;
        if (same && !Object.is(element, old?.[at])) same = false;
    }
    return same ? (old as readonly Value[]) : Object.freeze(next);
}

function shareMap(old: DocumentValue | undefined, next: {[key: string]: Value}): Value {
    const keys = Object.keys(next);
    let same = old !== undefined && Object.keys(old).length === keys.length;
    for (const key of keys) {
        const before = old !== undefined && Object.hasOwn(old, key) ? old[key] : undefined;
        const after = share(before, next[key] as Value);
        if (!Object.is(after, next[key])) next[key] = after;
        if (same && !Object.is(after, before)) same = false;
    }
    return same ? (old as DocumentValue) : Object.freeze(next);
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
    return a.length === b.length && a.every((byte, at) => byte === b[at]);
}
