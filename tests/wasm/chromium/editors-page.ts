/** Two editors on one text, in shadow roots; what the test asks for is on `window.editors`. */
import {history} from '@codemirror/commands';
import {EditorView} from '@codemirror/view';
import {liveText, remoteCarets} from '../../../wasm/js/codemirror/index.js';
import {FakeLog} from '../support/fake-text.js';
import {pairOfPresences} from '../support/fake-presence.js';

const log = new FakeLog();
const presences = pairOfPresences();

function open(index: 0 | 1, name: string): EditorView {
    const host = (document.querySelector('main') ?? document.body).appendChild(document.createElement('div'));
    const root = host.attachShadow({mode: 'open'});
    const live = log.join();
    // Everything reaches the other at once.
    live.afterEdit = () => queueMicrotask(() => log.settle());
    return new EditorView({
        root,
        parent: root as unknown as Element,
        extensions: [
            liveText(live),
            remoteCarets(live, {presence: presences[index], text: 'notes', name}),
            history(),
            EditorView.contentAttributes.of({'aria-label': `Notes of ${name}`}),
        ],
    });
}

const editors = [open(0, 'Ada'), open(1, 'Bo')];
declare global {
    interface Window {
        editors: readonly EditorView[];
    }
}
window.editors = editors;
