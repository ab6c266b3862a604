/** A page for tests in Node. Import it before anything that looks for a document, React among it. */
import {Window} from 'happy-dom';

const window = new Window({url: 'http://localhost/'});
const names = [
    'document',
    'HTMLElement',
    'Element',
    'Node',
    'Text',
    'Event',
    'CustomEvent',
    'MutationObserver',
] as const;
const globals: Record<string, unknown> = {window, IS_REACT_ACT_ENVIRONMENT: true};
for (const name of names) globals[name] = window[name];
Object.assign(globalThis, globals);
