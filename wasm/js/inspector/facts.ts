import type {SpaceReport, Store, SyncStatus} from '../api.js';
import {h, setText} from './dom.js';
import type {View} from './dom.js';
import {bytes} from './format.js';

/** Names and values about the store and the space. */
export class FactsView implements View {
    readonly element = h('dl');
    readonly #values = new Map<string, HTMLElement>();

    show(store: Store, status: SyncStatus, report: SpaceReport | null): void {
        this.#set('Replica', store.replica);
        this.#set('Storage', `${store.storage}, ${store.role}`);
        this.#set('Pending changes', String(status.pending));
        this.#set('Applied up to', String(status.cursor));
        this.#set('In sync', status.inSync ? 'yes' : 'no');
        if (report !== null) {
            this.#set('Documents', String(report.documents));
            this.#set('Sent', bytes(report.bytesSent));
            this.#set('Received', bytes(report.bytesReceived));
        }
        const {lastError} = status;
        this.#set('Last error', lastError === null ? 'none' : `${lastError.code}: ${lastError.message}`);
    }

    stop(): void {}

    #set(name: string, value: string): void {
        let shown = this.#values.get(name);
        if (shown === undefined) {
            shown = h('dd');
            this.#values.set(name, shown);
            this.element.append(h('div', {}, h('dt', {}, name), shown));
        }
        setText(shown, value);
    }
}
