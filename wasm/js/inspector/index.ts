/** Defines `<syncline-inspector>`. */
import {SynclineInspector} from './element.js';

export {SynclineInspector};

declare global {
    interface HTMLElementTagNameMap {
        'syncline-inspector': SynclineInspector;
    }
}

const tag = 'syncline-inspector';
if (globalThis.customElements !== undefined && customElements.get(tag) === undefined) {
    customElements.define(tag, SynclineInspector);
}
