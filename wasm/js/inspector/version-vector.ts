import {KeyedChildren, h, setText} from './dom.js';
import type {View} from './dom.js';

interface Row extends View {
    readonly count: HTMLElement;
}

/** The last change that is known of each replica. */
export class VersionVectorView implements View {
    readonly element: HTMLElement;
    readonly #rows: KeyedChildren<number, Row>;
    readonly #own: () => string;

    /** `own` tells this replica's id, to mark it. */
    constructor(own: () => string) {
        this.#own = own;
        const body = h('tbody');
        const head = h('tr', {}, h('th', {scope: 'col'}, 'Replica'), h('th', {scope: 'col'}, 'Changes'));
        this.element = h('table', {}, h('caption', {}, 'Last change seen of each replica'), h('thead', {}, head), body);
        this.#rows = new KeyedChildren(
            body,
            (replica) => this.#row(replica),
            (row, count) => setText(row.count, String(count)),
        );
    }

    show(vector: Readonly<Record<string, number>>): void {
        this.#rows.show(Object.entries(vector).sort(([a], [b]) => (a < b ? -1 : 1)));
    }

    stop(): void {}

    #row(replica: string): Row {
        const count = h('td');
        const name = replica === this.#own() ? `${replica} (this one)` : replica;
        return {element: h('tr', {}, h('th', {scope: 'row'}, name), count), count, stop: () => undefined};
    }
}
