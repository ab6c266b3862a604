/** What the types refuse. Compiled, never run: without the line above it, each of these lines is an error. */
import {schema} from '../../../wasm/js/api.js';
import {editor, hooks, person, space, task, tasks, tx, type Task} from './app.js';

declare const read: Task;

// ---- Schemas

// @ts-expect-error: there is no such type
schema({collections: {a: {fields: {b: {type: 'registr'}}}}});
// @ts-expect-error: nor such a kind
schema({collections: {a: {fields: {b: {type: 'register', kind: 'string'}}}}});
// @ts-expect-error: a field has a type
schema({collections: {a: {fields: {b: {kind: 'text'}}}}});
// @ts-expect-error: a text begins empty
schema({collections: {a: {fields: {b: {type: 'text', default: 'x'}}}}});

// @ts-expect-error: what is required is always written, so no default is ever shown
schema({collections: {a: {fields: {b: {type: 'register', kind: 'text', required: true, default: 'x'}}}}});
// @ts-expect-error: likewise
schema({collections: {a: {fields: {b: {type: 'pn_counter', required: true, default: 0}}}}});
// @ts-expect-error: a register's default is of its kind
schema({collections: {a: {fields: {b: {type: 'register', kind: 'text', default: 7}}}}});
// @ts-expect-error: a counter begins at 0
schema({collections: {a: {fields: {b: {type: 'pn_counter', default: 5}}}}});
// @ts-expect-error: a flag begins off
schema({collections: {a: {fields: {b: {type: 'ew_flag', default: true}}}}});
// @ts-expect-error: a set begins empty
schema({collections: {a: {fields: {b: {type: 'or_set', default: ['x']}}}}});
// @ts-expect-error: a list begins empty
schema({collections: {a: {fields: {b: {type: 'list', default: ['x']}}}}});
// @ts-expect-error: a text begins as a text
schema({collections: {a: {fields: {b: {type: 'text', default: 0}}}}});

// ---- What is read

// @ts-expect-error: frozen
read.title = 'x';
// @ts-expect-error: it may be absent
export const notes: string = read.notes;
// @ts-expect-error: a number
export const votes: string = read.votes;
// @ts-expect-error: not declared, so not known
export const titel: string = read.titel;
// @ts-expect-error: there may be no document
export const title: string = tasks.get('t').title;
// @ts-expect-error: no such collection
space.collection('task');
// @ts-expect-error: no such collection
space.document('task', 't');
// @ts-expect-error: a register is no text to type into
task.text(['title']);
// @ts-expect-error: the list has elements, which have texts
task.text(['steps', 'what']);
// @ts-expect-error: not a register
task.conflicts(['notes']);
// @ts-expect-error: not a register
task.observeConflicts(['notes'], () => undefined);
// @ts-expect-error: a filter sees what the schema says
tasks.observe(() => undefined, ({priority}) => priority === 'high');
// @ts-expect-error: of another collection
person.observe((value) => value?.title satisfies string);

// ---- What is written

// @ts-expect-error: no such collection
tx.document('task', 't');
// @ts-expect-error: no such field
editor.set('titel', 'x');
// @ts-expect-error: of another kind
editor.set('title', 7);
// @ts-expect-error: null has to be allowed by name
editor.set('title', null);
// @ts-expect-error: a counter is not set
editor.set('votes', 7);
// @ts-expect-error: a text is not set
editor.set('notes', 'x');
// @ts-expect-error: a register is no text
editor.text('title');
// @ts-expect-error: a text is no counter
editor.counter('notes');
// @ts-expect-error: a register is no flag
editor.flag('title');
// @ts-expect-error: that one is remove-wins
editor.setOf('banned');
// @ts-expect-error: of another kind
editor.setOf('tags').insert(7);
// @ts-expect-error: only register fields that show every value
editor.setMultiValue('title', 'x');
// @ts-expect-error: no such field in the map
editor.map('address').set('street', 'x');
// @ts-expect-error: of another kind
editor.list('order').push(1);
// @ts-expect-error: its elements are values
editor.list('order').insertMap(0);
// @ts-expect-error: its elements are maps
editor.list('steps').push('x');
// @ts-expect-error: no such field in its maps
editor.list('steps').map(0).text('who');
// @ts-expect-error: its elements are numbers
editor.list('grid').list(0).push('x');
// @ts-expect-error: no such field
editor.delete('titel');

// ---- Hooks

// @ts-expect-error: no such collection
hooks.useCollection('task');
// @ts-expect-error: of another kind
hooks.useCollection('tasks', {filter: ({priority}) => priority === 'high'});
// @ts-expect-error: no such collection
hooks.useDocument('person', 'p');
// @ts-expect-error: a register is no text
hooks.useLiveText('tasks', 't', ['title']);
// @ts-expect-error: no such field
hooks.useUndo().transact((each) => each.document('people', 'p').set('nam', 'Ada'));
