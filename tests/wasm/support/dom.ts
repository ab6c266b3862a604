/** A page for tests in Node; `run.mjs` imports it before each test. */
import {Window} from 'happy-dom';

const window = new Window({url: 'http://localhost/'});
const names = ['navigator', 'document', 'HTMLElement', 'Element', 'Node', 'Text', 'MutationObserver'] as const;
const globals: Record<string, unknown> = {window, IS_REACT_ACT_ENVIRONMENT: true};
for (const name of names) globals[name] = window[name];
Object.assign(globalThis, globals);
