import {lazy, Suspense, type ReactElement} from 'react';
import type {Caret} from 'syncline/codemirror';
import {useLiveText} from '../hooks';
import type {Item} from '../model';

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
                    <Suspense fallback={<p className="notes-plain">{item.notes}</p>}>
                        <NotesEditor live={text} textName={`items/${item.id}/notes`} onCaret={onCaret} />
                    </Suspense>
                )}
            </div>
        </section>
    );
}
