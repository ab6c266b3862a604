/** A schema with every type of field, and what is made of it. */
import type {Document, DocumentOf, FieldsOf, MapEditor, Space, Store, Transaction} from '../../../wasm/js/api.js';
import {schema} from '../../../wasm/js/api.js';
import {hooksFor} from '../../../wasm/js/react/index.js';

export const app = schema({
    collections: {
        tasks: {
            fields: {
                title: {type: 'register', kind: 'text', required: true},
                priority: {type: 'register', kind: 'integer', default: 3},
                due: {type: 'register', kind: ['text', 'null']},
                picture: {type: 'register', kind: 'binary'},
                anything: {type: 'register'},
                owners: {type: 'multi_value_register', kind: 'text'},
                done: {type: 'ew_flag', default: false},
                archived: {type: 'dw_flag'},
                votes: {type: 'pn_counter', default: 0},
                views: {type: 'g_counter'},
                tags: {type: 'or_set', kind: 'text'},
                banned: {type: 'rw_set', kind: 'integer'},
                seen: {type: 'g_set', kind: 'text'},
                notes: {type: 'text'},
                address: {
                    type: 'map',
                    closed: true,
                    fields: {city: {type: 'register', kind: 'text', required: true}, plan: {type: 'text'}},
                },
                settings: {type: 'map', fields: {colour: {type: 'register', kind: 'text', default: 'red'}}},
                order: {type: 'list', elements: {type: 'register', kind: 'text'}},
                steps: {type: 'list', elements: {type: 'map', fields: {what: {type: 'text'}, tries: {type: 'pn_counter'}}}},
                pages: {type: 'list', elements: {type: 'text'}},
                scores: {type: 'list', elements: {type: 'pn_counter'}},
                grid: {type: 'list', elements: {type: 'list', elements: {type: 'register', kind: 'real'}}},
                mixed: {type: 'list'},
            },
        },
        people: {fields: {name: {type: 'register', kind: 'text'}}},
    },
});
export type App = typeof app;
export type Task = DocumentOf<App, 'tasks'>;
export type TaskFields = FieldsOf<App, 'tasks'>;

export declare const store: Store<App>;
export declare const space: Space<App>;
export declare const tx: Transaction<App>;
export const tasks = space.collection('tasks');
export const person = space.document('people', 'p');
export const task: Document<TaskFields> = space.document('tasks', 't');
export const editor = tx.document('tasks', 't');
export const people = tx.document('people', 'p');
export const steps = editor.list('steps');
export const settings: MapEditor<{colour: import('../../../wasm/js/api.js').Register<string>}> = editor.map('settings');
export const conflicts = person.conflicts(['name']);
export const hooks = hooksFor(app);
