import type {Document, DocumentValue} from '../api.js';
import {h, setText} from './dom.js';
import type {View} from './dom.js';
import {leaves, summary, written} from './format.js';

/** So many values of a document are asked for what lost against them. */
const conflictsMax = 200;

/** One document: a line, and unfolded its value and its conflicts. */
export class DocumentView implements View {
    readonly element: HTMLDetailsElement;
    readonly #document: Document;
    readonly #line = h('span', {class: 'line'});
    readonly #value = h('pre', {tabindex: '0', 'aria-label': 'Value'});
    readonly #conflicts = h('ul', {'aria-label': 'Conflicts'});
    readonly #none = h('p', {class: 'quiet'}, 'No conflicts.');
    #shown: DocumentValue | null = null;

    constructor(document: Document) {
        this.#document = document;
        this.#conflicts.hidden = true;
        this.element = h(
            'details',
            {toggle: () => this.#unfold()},
            h('summary', {}, h('code', {}, document.id), ' ', this.#line),
            this.#value,
            this.#none,
            this.#conflicts,
        );
    }

    show(value: DocumentValue): void {
        if (value === this.#shown) return;
        this.#shown = value;
        setText(this.#line, summary(value));
        this.#unfold();
    }

    stop(): void {
        this.#shown = null;
    }

    #unfold(): void {
        if (!this.element.open || this.#shown === null) return;
        setText(this.#value, written(this.#shown));
        void this.#look(this.#shown);
    }

    async #look(value: DocumentValue): Promise<void> {
        const found = await Promise.all(
            leaves(value, conflictsMax).map(async (path) => {
                // What is no register has none, and says so by an error.
                const lost = await this.#document.conflicts(path).catch(() => []);
                return lost.length === 0
                    ? []
                    : [`${path.join(' › ')}: also ${lost.map((one) => written(one)).join(', ')}`];
            }),
        );
        if (value !== this.#shown) return;
        const lines = found.flat();
        this.#conflicts.replaceChildren(...lines.map((line) => h('li', {}, line)));
        this.#conflicts.hidden = lines.length === 0;
        this.#none.hidden = lines.length > 0;
    }
}
