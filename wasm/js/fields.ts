/**
 * What a schema means to TypeScript. A collection's fields become a map of the types below, by name:
 *
 * ```ts
 * {title: Register<string>; done: Flag; tags?: SetOf<string>; steps?: ListOf<MapOf<{what?: Register<string>}>>; …}
 * ```
 *
 * with `?` where a document may lack the field. Editors are made of that map, and so is what is read. Where nothing is
 * known (no schema, or one whose type is the broad `Schema`) it is `AnyFields`, and every key may be anything.
 */
import type {CollectionSchema, ElementSchema, FieldSchema, Kind, Schema} from './schema.js';
import type {DocumentValue, Path, Value} from './value.js';

// ---------------------------------------------------------------------------------------------------------------
// Types of fields. There are no values of them.

/** A register, the last writer wins. */
export interface Register<V = Value> {
    readonly kind: 'register';
    readonly value: V;
}
/** A register that shows every concurrent value. */
export interface MultiValueRegister<V = Value> {
    readonly kind: 'multi_value_register';
    readonly value: V;
}
/** A counter that everybody raises and lowers. */
export interface Counter {
    readonly kind: 'counter';
}
/** A counter that only grows. Pages read it. */
export interface GrowOnlyCounter {
    readonly kind: 'grow_only_counter';
}
/** On wins. */
export interface Flag {
    readonly kind: 'flag';
}
/** Off wins. Pages read it. */
export interface DisableWinsFlag {
    readonly kind: 'disable_wins_flag';
}
/** A set in which an add wins over a concurrent erase. */
export interface SetOf<V = Value> {
    readonly kind: 'set';
    readonly value: V;
}
/** A set in which the erase wins. */
export interface RemoveWinsSetOf<V = Value> {
    readonly kind: 'remove_wins_set';
    readonly value: V;
}
/** A set that only grows. Pages read it. */
export interface GrowOnlySetOf<V = Value> {
    readonly kind: 'grow_only_set';
    readonly value: V;
}
/** A text that several people type into. */
export interface Text {
    readonly kind: 'text';
}
/** A map with fields of its own. */
export interface MapOf<F = AnyFields> {
    readonly kind: 'map';
    readonly fields: F;
}
/** A list, of elements of one type. */
export interface ListOf<E = AnyElement> {
    readonly kind: 'list';
    readonly element: E;
}
/** An element of a list that the schema leaves open. */
export interface AnyElement {
    readonly kind: 'any';
}

/** Fields of which nothing is known. */
export interface AnyFields {
    readonly [key: string]: unknown;
}

// ---------------------------------------------------------------------------------------------------------------
// From a schema to fields

/** The names of the collections that a schema declares. */
export type CollectionOf<S extends Schema> = keyof S['collections'] & string;

/** The fields of a collection's documents, as editors take them. */
export type FieldsOf<S extends Schema, N> = string extends keyof S['collections']
    ? AnyFields
    : N extends keyof S['collections'] ? FieldsIn<S['collections'][N]> : never;

/**
 * A document of a collection, as it is read. A declared field may be absent unless it is required or has a default; that a
 * required one is there (in a map that is shown for a default alone it is not), and that a field holds what is declared, is as true as what the apps that write it declare
 * (docs/schema.md). What is not declared is `unknown`, whoever wrote it.
 */
export type DocumentOf<S extends Schema, N> = Read<FieldsOf<S, N>>;

/** How what holds a field came to be there: somebody wrote it, with all that is required; or it may be shown for its defaults alone. */
type Made = 'written' | 'shown';

type FieldsIn<C extends CollectionSchema, M extends Made = 'written'> = string extends keyof C['fields'] ? AnyFields : Shown<C['fields'], M>;
type Shown<F extends CollectionSchema['fields'], M extends Made> = Flat<
    {-readonly [K in AlwaysThere<F, M>]: FieldIn<F[K], M>} & {-readonly [K in Exclude<keyof F, AlwaysThere<F, M>>]?: FieldIn<F[K], M>}
>;

type AlwaysThere<F extends CollectionSchema['fields'], M extends Made> = {[K in keyof F]: IsAlwaysThere<F[K], M> extends true ? K : never}[keyof F];
type IsAlwaysThere<T, M extends Made> = IsWritten<T, M> extends true ? true : HasDefault<T>;
type IsWritten<T, M extends Made> = M extends 'written' ? (T extends {readonly required: true} ? true : false) : false;
/** A map of its own defaults is shown also where it is not written. */
type MadeIn<T, M extends Made> = IsWritten<T, M> extends true ? 'written' : HasDefault<T> extends true ? 'shown' : 'written';
/** A map is shown when a field in it has a default. */
type HasDefault<T> = T extends {readonly default: unknown}
    ? true
    : T extends {readonly type: 'map'; readonly fields: infer F}
      ? string extends keyof F ? false : true extends {[K in keyof F]: HasDefault<F[K]>}[keyof F] ? true : false
      : false;

type FieldIn<T extends FieldSchema | ElementSchema, M extends Made = 'written'> = T extends {readonly type: 'register'} ? Register<ValueIn<T>>
    : T extends {readonly type: 'multi_value_register'} ? MultiValueRegister<ValueIn<T>>
    : T extends {readonly type: 'pn_counter'} ? Counter
    : T extends {readonly type: 'g_counter'} ? GrowOnlyCounter
    : T extends {readonly type: 'ew_flag'} ? Flag
    : T extends {readonly type: 'dw_flag'} ? DisableWinsFlag
    : T extends {readonly type: 'or_set'} ? SetOf<ValueIn<T>>
    : T extends {readonly type: 'rw_set'} ? RemoveWinsSetOf<ValueIn<T>>
    : T extends {readonly type: 'g_set'} ? GrowOnlySetOf<ValueIn<T>>
    : T extends {readonly type: 'text'} ? Text
    : T extends {readonly type: 'map'; readonly fields: CollectionSchema['fields']} ? MapOf<FieldsIn<T, MadeIn<T, M>>>
    : T extends {readonly type: 'list'} ? ListOf<ElementIn<T>>
    : never;
type ElementIn<T> = T extends {readonly elements: infer E extends ElementSchema} ? FieldIn<E> : AnyElement;

type ValueIn<T> = T extends {readonly kind: infer K} ? OfKind<K extends readonly (infer One)[] ? One : K> : Value;
interface OfKinds {
    readonly null: null;
    readonly boolean: boolean;
    readonly integer: number;
    readonly real: number;
    readonly text: string;
    readonly binary: Uint8Array;
    readonly array: readonly Value[];
    readonly map: {readonly [key: string]: Value};
    readonly any: Value;
}
type OfKind<K> = K extends Kind ? OfKinds[K] : never;

// ---------------------------------------------------------------------------------------------------------------
// From fields to what is read

/** A document, or a map in one, of these fields, as it is read. */
export type Read<F> = string extends keyof F ? DocumentValue : Flat<{readonly [K in keyof F]: ReadField<Exclude<F[K], undefined>>} & More>;
/** Also what a closed collection does not declare: newer versions of the app, and other apps, may write it. */
interface More {
    readonly [undeclared: string]: unknown;
}
type ReadField<T> = T extends Register<infer V> ? V
    : T extends MultiValueRegister<infer V> | SetOf<infer V> | RemoveWinsSetOf<infer V> | GrowOnlySetOf<infer V> ? readonly V[]
    : T extends Counter | GrowOnlyCounter ? number
    : T extends Flag | DisableWinsFlag ? boolean
    : T extends Text ? string
    : T extends MapOf<infer F> ? Read<F>
    : T extends ListOf<infer E> ? readonly ReadField<E>[]
    : Value;

// ---------------------------------------------------------------------------------------------------------------
// What editors ask of fields

/** The names of the fields of a type; any name where nothing is known. */
export type KeysOf<F, T> = string extends keyof F ? string : {[K in keyof F]-?: Exclude<F[K], undefined> extends T ? K : never}[keyof F] & string;
/** What a register or a set holds. */
export type HeldIn<F, K> = string extends keyof F ? Value : K extends keyof F ? Exclude<F[K], undefined> extends {readonly value: infer V} ? V : never : never;
/** The fields of a map in it. */
export type InnerOf<F, K> = string extends keyof F ? AnyFields : K extends keyof F ? Exclude<F[K], undefined> extends MapOf<infer I> ? I : never : never;
/** What a list's elements are. */
export type ElementOf<F, K> = string extends keyof F ? AnyElement : K extends keyof F ? Exclude<F[K], undefined> extends ListOf<infer E> ? E : never : never;

/** The paths to what is of a type, through maps and lists; any path where nothing is known. */
export type PathTo<F, T> = string extends keyof F ? Path : {[K in keyof F & string]-?: readonly [K, ...PathFrom<Exclude<F[K], undefined>, T>]}[keyof F & string];
type PathFrom<Field, T> =
    | (Field extends T ? readonly [] : never)
    | (Field extends MapOf<infer F> ? (string extends keyof F ? Path : PathTo<F, T>) : never)
    | (Field extends ListOf<infer E> ? (E extends AnyElement ? Path : readonly [index: number, ...PathFrom<E, T>]) : never);
/** What the register at a path holds. */
export type ValueAt<F, P> = string extends keyof F ? Value
    : P extends readonly [infer K extends keyof F, ...infer Rest] ? ValueFrom<Exclude<F[K], undefined>, Rest> : Value;
type ValueFrom<Field, P> = P extends readonly []
    ? Field extends Register<infer V> ? V : Value
    : Field extends MapOf<infer F> ? ValueAt<F, P>
    : Field extends ListOf<infer E> ? P extends readonly [number, ...infer Rest] ? ValueFrom<E, Rest> : Value
    : Value;

/** The same, written out, so that what people are shown is a list of fields. */
type Flat<T> = T extends infer O ? {[K in keyof O]: O[K]} : never;
