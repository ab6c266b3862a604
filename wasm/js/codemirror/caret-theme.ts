import type {Extension} from '@codemirror/state';
import {EditorView} from '@codemirror/view';

// Dark enough below white letters, and far enough from each other; a name is always beside the color.
const strong = ['#b3261e', '#1a5fb4', '#1b6e3c', '#8a3ab9', '#9a5a00', '#00707a', '#a3195b', '#4b5320'];

/** Which of the colors somebody has, the same everywhere. */
export function colorOf(key: string): number {
    let hash = 0;
    for (let at = 0; at < key.length; at += 1) hash = (Math.imul(hash, 31) + key.charCodeAt(at)) | 0;
    return (hash >>> 0) % strong.length;
}

const persons = Object.fromEntries(
    strong.flatMap((color, index) => [
        [`.cm-syncline-caret.cm-syncline-person-${index}`, {borderColor: color}],
        [`.cm-syncline-person-${index} > .cm-syncline-caret-name`, {backgroundColor: color}],
        [`.cm-syncline-selection.cm-syncline-person-${index}`, {backgroundColor: `${color}40`}],
    ]),
);

/** Classes and no `style` attributes, so that it works under a strict content security policy. */
export const caretTheme: Extension = EditorView.baseTheme({
    '.cm-syncline-caret': {
        position: 'relative',
        borderLeft: '2px solid',
        marginLeft: '-1px',
        marginRight: '-1px',
        pointerEvents: 'none',
    },
    '.cm-syncline-caret-name': {
        position: 'absolute',
        bottom: '100%',
        left: '-2px',
        padding: '0 4px',
        borderRadius: '3px 3px 3px 0',
        color: '#ffffff',
        font: '600 11px/1.4 system-ui, sans-serif',
        whiteSpace: 'nowrap',
        userSelect: 'none',
        zIndex: '10',
    },
    // In the first line there is no room above.
    '.cm-line:first-child .cm-syncline-caret-name': {bottom: 'auto', top: '100%', borderRadius: '0 3px 3px 3px'},
    '@media (forced-colors: active)': {'.cm-syncline-caret': {borderColor: 'Highlight'}},
    ...persons,
});
