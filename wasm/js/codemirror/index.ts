/**
 * Syncline texts in CodeMirror 6, with the carets of others.
 *
 * Content security policy  CodeMirror puts its styles into a `<style>` element of the document, which
 *     `style-src 'self'` forbids. Either give it a nonce (`EditorView.cspNonce`), or make the view in a shadow root
 *     (`new EditorView({root: host.attachShadow({mode: 'open'}), …})`): there it uses constructed style sheets, and no
 *     policy has to be loosened. This package adds classes only.
 */
export {liveText} from './live-text.js';
export {asCaret, remoteCarets} from './remote-carets.js';
export type {Caret, RemoteCaretsOptions} from './remote-carets.js';
