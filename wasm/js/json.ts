import type {Value} from './api.js';
import {SynclineError} from './errors.js';

/**
 * Values as JSON text, in the form of `syncline/document/json.hpp`: bytes are `{"$bytes": base64}`, numbers that JSON
 * lacks `{"$number": "nan" | "inf" | "-inf"}`, and a map that would be taken for one of these is `{"$map": {…}}`.
 * Integers are of 64 bits: those that a number cannot hold are bigints here.
 */

/** The text of a value. Errors: `invalid_argument` for what no document can hold. */
export function encodeJson(value: Value): string {
    switch (typeof value) {
        case 'string':
            return JSON.stringify(value);
        case 'boolean':
            return value ? 'true' : 'false';
        case 'bigint':
            return value.toString();
        case 'number':
            if (Number.isNaN(value)) return '{"$number":"nan"}';
            if (!Number.isFinite(value)) return value > 0 ? '{"$number":"inf"}' : '{"$number":"-inf"}';
            return JSON.stringify(value);
        case 'object':
            if (value === null) return 'null';
            if (value instanceof Uint8Array) return `{"$bytes":"${toBase64(value)}"}`;
            if (Array.isArray(value)) return `[${value.map((element: Value) => encodeJson(element)).join(',')}]`;
            return encodeMap(value as {readonly [key: string]: Value});
        default:
            throw new SynclineError('invalid_argument', `a document cannot hold a value of type ${typeof value}`);
    }
}

function encodeMap(map: {readonly [key: string]: Value}): string {
    const prototype: unknown = Object.getPrototypeOf(map);
    if (prototype !== Object.prototype && prototype !== null) {
        throw new SynclineError('invalid_argument', 'a document holds plain objects, arrays and values');
    }
    const keys = Object.keys(map);
    const members = keys.map((key) => `${JSON.stringify(key)}:${encodeJson(map[key] as Value)}`).join(',');
    const lone = keys.length === 1 ? keys[0] : undefined;
    const ambiguous = lone === '$bytes' || lone === '$number' || keys.slice().sort()[0] === '$map';
    return ambiguous ? `{"$map":{${members}}}` : `{${members}}`;
}

/** The value of such a text. Not frozen. */
export function decodeJson(text: string): Value {
    // The engine's own parser of numbers is fast and exact up to 15 digits; a longer run of digits needs care.
    const parsed: unknown = /\d{16}/.test(text) ? new ExactParser(text).parse() : JSON.parse(text);
    return (text.includes('"$') ? revive(parsed) : parsed) as Value;
}

function revive(parsed: unknown): unknown {
    if (typeof parsed !== 'object' || parsed === null) return parsed;
    if (Array.isArray(parsed)) return parsed.map(revive);
    const map = parsed as Record<string, unknown>;
    const keys = Object.keys(map);
    if (keys.length === 1) {
        if (keys[0] === '$bytes') return fromBase64(map['$bytes'] as string);
        if (keys[0] === '$number') return map['$number'] === 'nan' ? NaN : map['$number'] === 'inf' ? Infinity : -Infinity;
        if (keys[0] === '$map') return reviveMembers(map['$map'] as Record<string, unknown>);
    }
    return reviveMembers(map);
}

function reviveMembers(map: Record<string, unknown>): Record<string, unknown> {
    for (const key of Object.keys(map)) define(map, key, revive(map[key]));
    return map;
}

/** `__proto__` is a key like any other. */
function define(map: Record<string, unknown>, key: string, value: unknown): void {
    if (key === '__proto__') {
        Object.defineProperty(map, key, {value, enumerable: true, configurable: true, writable: true});
    } else {
        map[key] = value;
    }
}

/** JSON with integers of any length; only ever given what the engine wrote. */
class ExactParser {
    private at = 0;
    constructor(private readonly text: string) {}

    parse(): unknown {
        const first = this.text[this.at];
        if (first === '{') return this.map();
        if (first === '[') return this.array();
        if (first === '"') return this.string();
        const token = /[^,\]}\s]+/y;
        token.lastIndex = this.at;
        const word = token.exec(this.text)?.[0] ?? '';
        this.at += word.length;
        if (/^-?\d{16,}$/.test(word)) {
            const exact = BigInt(word);
            return BigInt.asIntN(54, exact) === exact && Number.isSafeInteger(Number(exact)) ? Number(exact) : exact;
        }
        return JSON.parse(word);
    }

    private map(): Record<string, unknown> {
        const map: Record<string, unknown> = {};
        this.at++;
        while (this.text[this.at] !== '}') {
            if (this.text[this.at] === ',') this.at++;
            const key = this.string();
            this.at++;
            define(map, key, this.parse());
        }
        this.at++;
        return map;
    }

    private array(): unknown[] {
        const array: unknown[] = [];
        this.at++;
        while (this.text[this.at] !== ']') {
            if (this.text[this.at] === ',') this.at++;
            array.push(this.parse());
        }
        this.at++;
        return array;
    }

    private string(): string {
        const begin = this.at++;
        while (this.text[this.at] !== '"') this.at += this.text[this.at] === '\\' ? 2 : 1;
        return JSON.parse(this.text.slice(begin, ++this.at)) as string;
    }
}

function toBase64(bytes: Uint8Array): string {
    let binary = '';
    for (let at = 0; at < bytes.length; at += 0x8000) binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
    return btoa(binary);
}

function fromBase64(text: string): Uint8Array {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
