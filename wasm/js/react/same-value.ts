import type {Value} from '../api.js';

function isMap(value: Value): value is {readonly [key: string]: Value} {
    return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

/** Whether two values would be written alike. */
export function sameValue(a: Value | undefined, b: Value | undefined): boolean {
    if (Object.is(a, b)) return true;
    if (a === undefined || b === undefined) return false;
    if (a instanceof Uint8Array || b instanceof Uint8Array || (Array.isArray(a) && Array.isArray(b))) {
        if (!sameKind(a, b)) return false;
        const [left, right] = [a, b] as [ArrayLike<Value>, ArrayLike<Value>];
        return left.length === right.length && Array.from(left).every((value, at) => sameValue(value, right[at]));
    }
    if (!isMap(a) || !isMap(b)) return false;
    const keys = Object.keys(a);
    return keys.length === Object.keys(b).length && keys.every((key) => key in b && sameValue(a[key], b[key]));
}

function sameKind(a: Value, b: Value): boolean {
    return a instanceof Uint8Array === b instanceof Uint8Array && Array.isArray(a) === Array.isArray(b);
}
