import {lazy, Suspense, type ReactElement} from 'react';
import type {Caret} from 'syncline/codemirror';
import {useLiveText} from '../hooks';
import type {Item} from '../model';
import {Boundary} from '../ui/boundary';

// The editor is the largest part of the page; the list does not wait for it.
const NotesEditor = lazy(() => import('./notes-editor').then((module) => ({default: module.NotesEditor})));

export interface NotesProps {
    readonly item: Item;
    readonly onCaret: (caret: Caret | null) => void;
}

export function Notes({item, onCaret}: NotesProps): ReactElement {
    const {text, error} = useLiveText('items', item.id, ['notes']);
    return (
        <section className="panel-section" aria-labelledby="notes-title">
            <h3 id="notes-title" className="section-title">
                Notes
            </h3>
            {error !== null && <p className="wrong">The notes could not be opened: {error.message}</p>}
            <div className="notes-frame">
                {text !== null && (
                    <Boundary instead={() => <Unloaded notes={item.notes} />}>
                        <Suspense fallback={<Plain notes={item.notes} />}>
                            <NotesEditor live={text} textName={`items/${item.id}/notes`} onCaret={onCaret} />
                        </Suspense>
                    </Boundary>
                )}
            </div>
        </section>
    );
}

function Plain({notes}: {readonly notes: string}): ReactElement {
    return (
        <p className="notes-plain" dir="auto">
            {notes}
        </p>
    );
}

/** The network went before the editor was here, on a first visit. */
function Unloaded({notes}: {readonly notes: string}): ReactElement {
    return (
        <>
            <p className="hint notes-plain" role="status">
                The editor for notes could not be fetched. Reload this page when there is a network.
            </p>
            {notes !== '' && <Plain notes={notes} />}
        </>
    );
}
