// Hooks, an editor with the carets of others, and the inspector, in one app. `?relay=` is the relay, `?by=` who is here.
import {history} from '@codemirror/commands';
import {EditorView} from '@codemirror/view';
import {StrictMode, useEffect, useRef} from 'react';
import {createRoot} from 'react-dom/client';
import {open} from 'syncline';
import {liveText, remoteCarets} from 'syncline/codemirror';
import 'syncline/inspector';
import {
    SynclineProvider,
    useCollection,
    useLiveText,
    usePresence,
    useSpace,
    useSyncStatus,
    useUndo,
} from 'syncline/react';

const asked = new URLSearchParams(location.search);
const by = asked.get('by');

function Notes() {
    const {presence} = useSpace();
    const {text, error} = useLiveText('pages', 'p1', ['notes']);
    const host = useRef(null);
    useEffect(() => {
        if (text === null) return undefined;
        const root = host.current.shadowRoot ?? host.current.attachShadow({mode: 'open'});
        const view = new EditorView({
            doc: text.value,
            root,
            parent: root,
            extensions: [
                liveText(text),
                remoteCarets(text, {presence, text: 'pages/p1/notes', name: by}),
                history(),
                EditorView.contentAttributes.of({'aria-label': 'Notes'}),
            ],
        });
        return () => view.destroy();
    }, [text, presence]);
    return error === null ? <div ref={host} /> : <p>{error.message}</p>;
}

function Tasks() {
    const {entries} = useCollection('tasks', {sort: ([, a], [, b]) => (a.title < b.title ? -1 : 1)});
    const {transact, undo, canUndo} = useUndo();
    const {inSync} = useSyncStatus();
    const others = usePresence();
    return (
        <>
            <h1>Together</h1>
            <button onClick={() => transact((tx) => tx.document('tasks', by).set('title', `of ${by}`))}>Add</button>
            <button disabled={!canUndo} onClick={() => undo()}>
                Undo
            </button>
            <ul>
                {entries.map(([id, task]) => (
                    <li key={id}>{task.title}</li>
                ))}
            </ul>
            <p role="status">
                {inSync ? 'in sync' : 'syncing'}, {others.length} others
            </p>
        </>
    );
}

async function run() {
    const store = await open({name: `ui-${by}`, url: asked.get('relay')});
    const panel = document.createElement('syncline-inspector');
    panel.store = store;
    document.querySelector('#root').after(panel);
    createRoot(document.querySelector('#root')).render(
        <StrictMode>
            <SynclineProvider space={store.space('together')}>
                <Tasks />
                <Notes />
            </SynclineProvider>
        </StrictMode>,
    );
}

run().catch((error) => {
    document.querySelector('#root').textContent = `failed: ${error.code} ${error.message}`;
});
