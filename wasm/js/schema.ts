import type {Value} from './value.js';

/** A kind of plain value that a schema allows; see docs/schema.md. Integers outside ±(2^53 - 1) are read as bigint. */
export type Kind = 'null' | 'boolean' | 'integer' | 'real' | 'text' | 'binary' | 'array' | 'map' | 'any';

/** One field: how concurrent edits of it come together (`type`), what it may hold, and what is shown while nobody wrote it. */
export type FieldSchema =
    | {readonly type: 'register' | 'multi_value_register'; readonly kind?: Kind | readonly Kind[]; readonly default?: Value; readonly required?: boolean}
    | {readonly type: 'pn_counter' | 'g_counter'; readonly default?: number; readonly required?: boolean}
    | {readonly type: 'ew_flag' | 'dw_flag'; readonly default?: boolean; readonly required?: boolean}
    | {readonly type: 'or_set' | 'rw_set' | 'g_set'; readonly kind?: Kind | readonly Kind[]; readonly default?: readonly Value[]; readonly required?: boolean}
    | {readonly type: 'text'; readonly default?: ''; readonly required?: boolean}
    | {
          readonly type: 'map';
          readonly closed?: boolean;
          readonly fields: Readonly<Record<string, FieldSchema>>;
          readonly default?: Readonly<Record<string, never>>;
          readonly required?: boolean;
      }
    | {readonly type: 'list'; readonly elements?: ElementSchema; readonly default?: readonly []; readonly required?: boolean};

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
