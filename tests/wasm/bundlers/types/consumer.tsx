/** What an app writes, to be checked by `tsc --strict`; never run. */
import {history} from '@codemirror/commands';
import {EditorView} from '@codemirror/view';
import {useEffect, useRef} from 'react';
import {open, schema, SynclineError} from 'syncline';
import type {Space, SyncStatus, TextDelta} from 'syncline';
import {liveText, remoteCarets} from 'syncline/codemirror';
import type {SynclineInspector} from 'syncline/inspector';
import {hooksFor, usePresence, useSyncStatus} from 'syncline/react';

const app = schema({
    collections: {
        tasks: {
            fields: {
                title: {type: 'register', kind: 'text', required: true},
                done: {type: 'ew_flag', default: false},
                notes: {type: 'text'},
                steps: {type: 'list', elements: {type: 'register', kind: 'text'}},
            },
        },
    },
});
const {SynclineProvider, useCollection, useDocument, useLiveText, useSpace, useUndo} = hooksFor(app);

export async function main(): Promise<void> {
    const store = await open({name: 'tasks', url: 'wss://relay.example', token: () => 'token', schema: app});
    const space = store.space('team-42');
    await space.transact((tx) => {
        const task = tx.document('tasks', 't1');
        task.set('title', 'Buy milk');
        task.flag('done').enable();
        task.list('steps').push('shop', 'pay');
        // @ts-expect-error: a function is no value
        task.set('title', () => 'Buy milk');
    });
    const title: string | undefined = space.collection('tasks').get('t1')?.title;
    // @ts-expect-error: no such collection
    space.collection('task');
    const stop = space.observeStatus((status: SyncStatus) => console.log(status.connection, title));
    // @ts-expect-error: values are frozen
    space.status().pending = 0;
    store.on('rejected', ({code, reason}) => console.log(code, reason));
    stop();
    const panel: SynclineInspector = document.createElement('syncline-inspector');
    panel.store = store;
}

export function told(error: unknown): string {
    return error instanceof SynclineError ? error.code : 'internal';
}

export function App({space}: {space: Space<typeof app>}) {
    return (
        <SynclineProvider space={space} undo={{depth: 10}}>
            <Tasks />
        </SynclineProvider>
    );
}

function Tasks() {
    const {entries, loaded} = useCollection('tasks', {
        filter: (task) => !task.done,
        sort: ([a], [b]) => (a < b ? -1 : 1),
    });
    const {value} = useDocument('tasks', 't1');
    const {canUndo, undo, transact} = useUndo();
    const status = useSyncStatus();
    const others = usePresence({name: 'Ada'});
    const {presence} = useSpace();
    const {text} = useLiveText('tasks', 't1', ['notes']);
    const host = useRef<HTMLDivElement>(null);
    useEffect(() => {
        if (text === null || host.current === null) return undefined;
        const carets = remoteCarets(text, {presence, text: 'tasks/t1/notes', name: 'Ada'});
        const view = new EditorView({
            doc: text.value,
            extensions: [liveText(text), carets, history()],
            parent: host.current,
        });
        const delta: TextDelta = [{retain: 1}, {insert: 'x'}];
        void text.edit(delta);
        return () => view.destroy();
    }, [text, presence]);
    return (
        <div ref={host}>
            <button disabled={!canUndo} onClick={() => void undo()}>
                Undo
            </button>
            <button onClick={() => void transact((tx) => tx.document('tasks', 't1').set('title', 'x'))}>Set</button>
            <p>
                {loaded ? entries.length : 0} {value?.title} {status.connection} {others.length}
            </p>
        </div>
    );
}
