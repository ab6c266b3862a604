import type {Value} from './value.js';

/** A kind of plain value that a schema allows; see docs/schema.md. Integers outside ±(2^53 - 1) are read as bigint. */
export type Kind = 'null' | 'boolean' | 'integer' | 'real' | 'text' | 'binary' | 'array' | 'map' | 'any';

/**
 * One field: how concurrent edits of it come together (`type`), what it may hold, and what is shown while nobody wrote it: of a
 * register any value of its kind, of all else its own zero. What is required has no default, since it is always written.
 */
export type FieldSchema =
    | RegisterSchema
    | ({readonly type: 'pn_counter' | 'g_counter'} & Shown<0>)
    | ({readonly type: 'ew_flag' | 'dw_flag'} & Shown<false>)
    | ({readonly type: 'or_set' | 'rw_set' | 'g_set'; readonly kind?: Kind | readonly Kind[]} & Shown<readonly []>)
    | ({readonly type: 'text'} & Shown<''>)
    | ({readonly type: 'map'; readonly closed?: boolean; readonly fields: Readonly<Record<string, FieldSchema>>} & Shown<Readonly<Record<string, never>>>)
    | ({readonly type: 'list'; readonly elements?: ElementSchema} & Shown<readonly []>);

/** Required, or shown by default, or neither. */
type Shown<Default> = {readonly required: true; readonly default?: never} | {readonly required?: false; readonly default?: Default};

/** Of a register that allows several kinds the engine looks whether the default is of one of them. */
type RegisterSchema = {readonly type: 'register' | 'multi_value_register'} & (
    | {[K in Kind]: {readonly kind: K} & Shown<DefaultOf[K]>}[Kind]
    | ({readonly kind?: readonly Kind[]} & Shown<Value>)
);
interface DefaultOf {
    readonly null: null;
    readonly boolean: boolean;
    readonly integer: number | bigint;
    readonly real: number | bigint;
    readonly text: string;
    readonly binary: Uint8Array;
    readonly array: readonly Value[];
    readonly map: {readonly [key: string]: Value};
    readonly any: Value;
}

/** What each element of a list is. */
export type ElementSchema =
    | {readonly type: 'register'; readonly kind?: Kind | readonly Kind[]}
    | {readonly type: 'map'; readonly closed?: boolean; readonly fields: Readonly<Record<string, FieldSchema>>}
    | {readonly type: 'list'; readonly elements?: ElementSchema}
    | {readonly type: 'text'}
    | {readonly type: 'pn_counter'};

/** A collection's documents. `closed`: this app writes no field that is not declared. */
export interface CollectionSchema {
    readonly closed?: boolean;
    readonly fields: Readonly<Record<string, FieldSchema>>;
}

/**
 * What an app declares of its documents: what its own writes are held to by the engine (docs/schema.md), and, when it is
 * written with {@link schema} or `as const satisfies Schema`, the types of its documents and editors.
 */
export interface Schema {
    /** Of the app's schema; a store that a newer one was used on takes the older one for the time being. */
    readonly version?: number;
    readonly collections: Readonly<Record<string, CollectionSchema>>;
}

/**
 * Declares documents, once for the types and for the checks:
 *
 * ```ts
 * const app = schema({collections: {
 *   tasks: {fields: {
 *     title: {type: 'register', kind: 'text', required: true},
 *     done: {type: 'ew_flag', default: false},
 *     notes: {type: 'text'},
 *   }},
 * }});
 * type Task = DocumentOf<typeof app, 'tasks'>;      // {readonly title: string; readonly done: boolean; readonly notes?: string; …}
 * const store = await open({name: 'tasks', schema: app});
 * ```
 *
 * Gives back what it was given. What is wrong with it beyond its form is said by {@link Open}.
 */
export function schema<const S extends Schema>(declared: S): S {
    return declared;
}
