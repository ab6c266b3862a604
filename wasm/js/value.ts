/** What a register, an element of a set or of a list can hold. Integers outside ±(2^53 - 1) are read as bigint. */
export type Value = null | boolean | number | bigint | string | Uint8Array | readonly Value[] | {readonly [key: string]: Value};

/** A document, or a map in one, as it is read: maps and arrays of values; sets as arrays, texts as strings. */
export type DocumentValue = {readonly [key: string]: Value};

/** A key of a map, or the index of a list's element. */
export type Step = string | number;
export type Path = readonly Step[];
