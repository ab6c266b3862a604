import {useEffect, useRef, type ReactElement} from 'react';
import {defaultKeymap, history, historyKeymap} from '@codemirror/commands';
import {EditorView, keymap, placeholder} from '@codemirror/view';
import type {LiveText, PresenceEntry} from 'syncline';
import {asCaret, liveText, remoteCarets, type Caret} from 'syncline/codemirror';
import {useSpace} from '../hooks';
import {caretIn, nameIn} from '../people';
import {useDevice} from '../store';

export interface NotesEditorProps {
    readonly live: LiveText;
    /** Names the text among those of the board, for carets. */
    readonly textName: string;
    readonly onCaret: (caret: Caret | null) => void;
}

/**
 * An editor that several people type into. It lives in a shadow root: there CodeMirror uses constructed style sheets,
 * so that the page's policy need not allow inline styles.
 */
export function NotesEditor({live, textName, onCaret}: NotesEditorProps): ReactElement {
    const {presence} = useSpace();
    const {name} = useDevice();
    const host = useRef<HTMLDivElement>(null);
    useEffect(() => {
        if (host.current === null) return;
        const root = host.current.shadowRoot ?? host.current.attachShadow({mode: 'open'});
        const view = new EditorView({
            doc: live.value,
            root,
            parent: root,
            extensions: [
                liveText(live),
                remoteCarets(live, {presence, text: textName, name, publish: onCaret, read: caretOf}),
                history(),
                keymap.of([...defaultKeymap, ...historyKeymap]),
                placeholder('Anything worth knowing'),
                EditorView.lineWrapping,
                EditorView.perLineTextDirection.of(true),
                EditorView.contentAttributes.of({'aria-label': 'Notes', spellcheck: 'true'}),
                theme,
            ],
        });
        return () => view.destroy();
    }, [live, presence, textName, name, onCaret]);
    return <div ref={host} className="notes-host" />;
}

function caretOf({value}: PresenceEntry): {readonly name: string; readonly caret: Caret} | null {
    const name = nameIn(value);
    const caret = asCaret(caretIn(value));
    return name === null || caret === null ? null : {name, caret};
}

const theme = EditorView.theme({
    '&': {color: 'var(--ink)', fontSize: '0.9375rem'},
    '&.cm-focused': {outline: 'none'},
    '.cm-scroller': {fontFamily: 'inherit', lineHeight: '1.55', minHeight: '9rem', overflow: 'visible'},
    '.cm-content': {padding: '0.75rem 0', caretColor: 'var(--ink)'},
    '.cm-line': {padding: '0 0.875rem', unicodeBidi: 'plaintext'},
    '.cm-placeholder': {color: 'var(--ink-soft)'},
    '.cm-cursor': {borderLeftColor: 'var(--ink)'},
});
