import type {DocumentValue, Space, Stop} from '../api.js';
import {DocumentView} from './document-view.js';
import {KeyedChildren, h, setText} from './dom.js';
import type {View} from './dom.js';
import {written} from './format.js';

/** So many documents are listed; the filter finds the others. */
const documentsMax = 100;

/** One collection. It is loaded when somebody unfolds it, since that takes memory. */
export class CollectionView implements View {
    readonly element: HTMLDetailsElement;
    readonly #space: Space;
    readonly #name: string;
    readonly #onChange: (changed: number) => void;
    readonly #filter: HTMLInputElement;
    readonly #count = h('p', {class: 'quiet', role: 'status'});
    readonly #documents: KeyedChildren<DocumentValue, DocumentView>;
    #stop: Stop | null = null;

    constructor(space: Space, name: string, onChange: (changed: number) => void) {
        this.#space = space;
        this.#name = name;
        this.#onChange = onChange;
        this.#filter = h('input', {
            type: 'search',
            placeholder: 'Filter',
            'aria-label': `Filter documents of ${name}`,
            input: () => this.#show(),
        });
        const list = h('div', {class: 'documents'});
        this.#documents = new KeyedChildren(
            list,
            (id) => new DocumentView(space.document(name, id)),
            (view, value) => view.show(value),
        );
        this.element = h(
            'details',
            {toggle: () => this.#unfold()},
            h('summary', {}, h('strong', {}, name)),
            this.#filter,
            this.#count,
            list,
        );
    }

    stop(): void {
        this.#stop?.();
        this.#stop = null;
        this.#documents.show([]);
    }

    #unfold(): void {
        if (!this.element.open) {
            this.stop();
            return;
        }
        if (this.#stop !== null) return;
        const collection = this.#space.collection(this.#name);
        this.#stop = collection.observe((changed) => {
            this.#onChange(changed.length);
            this.#show();
        });
        setText(this.#count, 'Loading…');
        collection.load().then(
            () => this.#show(),
            (error: Error) => setText(this.#count, error.message),
        );
    }

    #show(): void {
        if (this.#stop === null) return;
        const all = this.#space.collection(this.#name).entries();
        const wanted = this.#filter.value.trim().toLowerCase();
        const found =
            wanted === '' ? all : all.filter(([id, value]) => `${id} ${written(value)}`.toLowerCase().includes(wanted));
        const listed = found.slice(0, documentsMax);
        setText(
            this.#count,
            listed.length === all.length ? `${all.length} documents` : `${listed.length} of ${all.length} documents`,
        );
        this.#documents.show(listed);
    }
}
