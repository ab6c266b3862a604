/** What an app may write. Compiled, never run: each line has to be fine. */
import type {Collection, DocumentEditor, DocumentOf, DocumentValue, LiveText, Schema, Space, Store, Transaction, Value} from '../../../wasm/js/api.js';
import {schema} from '../../../wasm/js/api.js';
import type {open} from '../../../wasm/js/node.js';
import {app, editor, hooks, person, space, store, task, tasks, tx, type App, type Task} from './app.js';

/** Fails to compile unless the two are one type. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(...proof: Same<A, B> extends true ? [] : ['these types differ', A, B]): void => void proof;

// ---- What is read

declare const read: Task;
same<typeof read.title, string>();
same<typeof read.priority, number>();
same<typeof read.due, string | null | undefined>();
same<typeof read.picture, Uint8Array | undefined>();
same<typeof read.anything, Value | undefined>();
same<typeof read.owners, readonly string[] | undefined>();
same<typeof read.done, boolean>();
same<typeof read.archived, boolean | undefined>();
same<typeof read.votes, number>();
same<typeof read.views, number | undefined>();
same<typeof read.tags, readonly string[] | undefined>();
same<typeof read.banned, readonly number[] | undefined>();
same<typeof read.notes, string | undefined>();
same<NonNullable<typeof read.address>['city'], string>();
same<NonNullable<typeof read.address>['plan'], string | undefined>();
// A map in which a field has a default is always shown.
same<typeof read.settings.colour, string>();
same<typeof read.order, readonly string[] | undefined>();
same<NonNullable<NonNullable<typeof read.steps>[number]>['what'], string | undefined>();
same<NonNullable<NonNullable<typeof read.steps>[number]>['tries'], number | undefined>();
same<typeof read.pages, readonly string[] | undefined>();
same<typeof read.scores, readonly number[] | undefined>();
same<typeof read.grid, readonly (readonly number[])[] | undefined>();
same<typeof read.mixed, readonly Value[] | undefined>();
same<(typeof read)['written by another version'], unknown>();

export const titles: string[] = tasks.entries().map(([id, {title}]) => `${id}: ${title}`);
export const one: Task | undefined = tasks.get('t');
export const stop = tasks.observe((changed: readonly string[]) => void changed, ({done, priority}, id) => !done && priority > 2 && id !== '');
export const name: Promise<string | undefined> = person.load().then((value) => value?.name);
person.observe((value) => void (value?.name satisfies string | undefined));
export const text: Promise<LiveText> = task.text(['notes']);
export const plan: Promise<LiveText> = task.text(['address', 'plan']);
export const what: Promise<LiveText> = task.text(['steps', 3, 'what']);
export const page: Promise<LiveText> = task.text(['pages', 0]);
export const due: Promise<readonly (string | null)[]> = task.conflicts(['due']);
export const cities: Promise<readonly string[]> = task.conflicts(['address', 'city']);
task.observeConflicts(['due'], (lost) => lost satisfies readonly (string | null)[]);
export const inList: Promise<readonly string[]> = task.conflicts(['order', 0]);

// ---- What is written

editor.set('title', 'Buy milk');
editor.set('due', null);
editor.set('picture', new Uint8Array(3));
editor.set('anything', {deep: [1n, 'x']});
editor.setMultiValue('owners', 'Ada');
editor.flag('done').enable();
editor.counter('votes').add(-1);
editor.setOf('tags').insert('home');
editor.removeWinsSetOf('banned').erase(7);
editor.text('notes').insert(0, '2 litres');
editor.map('address').set('city', 'Rome');
editor.map('address').text('plan').splice(0, 1, 'x');
editor.list('order').push('a', 'b');
editor.list('order').move(0, 1);
editor.list('steps').insertMap(0).text('what').insert(0, 'open');
editor.list('steps').map(0).counter('tries').add(1);
editor.list('pages').insertText(0).insert(0, 'once');
editor.list('scores').insertCounter(0).add(1);
editor.list('grid').insertList(0).push(1, 2.5);
editor.list('mixed').push('x', 1);
editor.list('mixed').insertMap(0).set('any', true);
editor.delete('notes');
editor.deleteDocument();
void space.transact(({document}) => document('people', 'p').set('name', 'Ada'));
void space.undo().then((stack) => stack.transact((each) => each.document('tasks', 't').text('notes').erase(0, 1)));

// ---- Hooks

const {SynclineProvider, useCollection, useDocument, useLiveText, useSpace, useUndo} = hooks;
export function component(): unknown {
    const {entries} = useCollection('tasks', {filter: ({done}) => !done, sort: ([, a], [, b]) => a.priority - b.priority});
    same<typeof entries, readonly (readonly [id: string, value: Task])[]>();
    const {value} = useDocument('people', 'p');
    same<NonNullable<typeof value>['name'], string | undefined>();
    const {text: notes} = useLiveText('tasks', 't', ['notes']);
    same<typeof notes, LiveText | null>();
    void useUndo().transact((each) => each.document('people', 'p').set('name', 'Ada'));
    same<ReturnType<typeof useSpace>, Space<App>>();
    return SynclineProvider({space});
}

// ---- Where nothing is known

declare const loose: Space;
declare const openNode: typeof open;
export const anything: Value | undefined = loose.collection('x').get('t')?.['any'];
export const untypedText = loose.document('x', 't').text(['a', 3, 'b']);
export const values: Promise<readonly Value[]> = loose.document('x', 't').conflicts(['a']);
export const collection: Collection = loose.collection('x');
void loose.transact((each) => {
    const any = each.document('x', 't');
    any.set('a', 1);
    any.text('a').insert(0, 'x');
    any.list('b').push(1);
    any.list('b').insertMap(0).set('c', null);
    any.map('d').counter('e').add(1);
});
const broad: Schema = app;
export const untyped: Promise<Store> = openNode({name: 'x', schema: broad});
export const typed: Promise<Store<App>> = openNode({name: 'x', schema: app});
// The literal that is written right there is as good as one that was declared.
void openNode({name: 'x', schema: {collections: {a: {fields: {b: {type: 'register', kind: 'text'}}}}}}).then((opened) => {
    same<NonNullable<ReturnType<ReturnType<typeof opened.space>['document']>['value']>['b'], string | undefined>();
});
const frozen = {collections: {a: {fields: {b: {type: 'text'}}}}} as const satisfies Schema;
void openNode({name: 'x', schema: frozen}).then((opened) => opened.space('s').document('a', 'b').text(['b']));

// What is required in a map is there when somebody wrote the map, and not when a default alone shows it.
const address = schema({
    collections: {
        a: {
            fields: {
                shown: {
                    type: 'map',
                    fields: {
                        street: {type: 'register', kind: 'text', required: true},
                        country: {type: 'register', kind: 'text', default: 'IT'},
                        inner: {type: 'map', required: true, fields: {x: {type: 'register', kind: 'text', required: true}, y: {type: 'ew_flag', default: false}}},
                        plain: {type: 'map', required: true, fields: {x: {type: 'register', kind: 'text', required: true}}},
                    },
                },
                own: {type: 'map', default: {}, fields: {street: {type: 'register', kind: 'text', required: true}}},
                written: {
                    type: 'map',
                    required: true,
                    fields: {street: {type: 'register', kind: 'text', required: true}, country: {type: 'register', kind: 'text', default: 'IT'}},
                },
            },
        },
    },
});
declare const address1: DocumentOf<typeof address, 'a'>;
same<typeof address1.shown.street, string | undefined>();
same<typeof address1.shown.country, string>();
same<typeof address1.shown.inner.x, string | undefined>();
same<typeof address1.shown.inner.y, boolean>();
same<NonNullable<typeof address1.shown.plain>['x'], string>();
same<undefined extends typeof address1.shown.plain ? true : false, true>();
same<typeof address1.own.street, string | undefined>();
same<typeof address1.written.street, string>();
same<typeof address1.written.country, string>();

// Defaults that there can be.
export const defaults = schema({
    collections: {
        a: {
            fields: {
                one: {type: 'register', default: [1, {x: null}]},
                two: {type: 'register', kind: ['text', 'null'], default: null},
                three: {type: 'register', kind: 'integer', default: 2n ** 60n},
                four: {type: 'or_set', kind: 'text', default: []},
                five: {type: 'list', default: []},
                six: {type: 'multi_value_register', kind: 'boolean', default: true},
                seven: {type: 'dw_flag', required: true},
            },
        },
    },
});

// What is typed goes wherever what is not does.
export const looseSpace: Space = space;
export const looseStore: Store = store;
export const looseTransaction: Transaction = tx;
export const looseEditor: DocumentEditor = looseTransaction.document('tasks', 't');
looseEditor.set('from a newer version', 1);
export const looseValue = (value: DocumentValue): string => Object.keys(value).join();
export const empty = schema({collections: {}});
