import type {Store} from '../api.js';
import {h} from './dom.js';
import {SpaceView} from './space-view.js';
import {style} from './style.js';

// Where there are no elements, on a server, the class can still be imported.
const Base = (globalThis.HTMLElement ?? class {}) as typeof HTMLElement;

/** A store with no space yet is asked again after so long. */
const retryMs = 1000;

let sheet: CSSStyleSheet | null = null;

/** One sheet for all panels. Made by the constructor, which no content security policy stands against. */
function sharedSheet(): CSSStyleSheet {
    if (sheet === null) {
        sheet = new CSSStyleSheet();
        sheet.replaceSync(style);
    }
    return sheet;
}

/**
 * `<syncline-inspector>`: a panel that shows what a store holds and how it stands with the relay. Give it a store:
 *
 * ```ts
 * import 'syncline/inspector';
 * const panel = document.querySelector('syncline-inspector');
 * panel.store = store;
 * ```
 *
 * Attributes  `space`, the name of the space to show first; without it, the first there is. `theme`, `light` or
 *     `dark`; without it, the system's.
 * Cost  A collection is loaded when it is unfolded, and its conflicts are looked for when a document is. Once a
 *     second, while the panel is in the page, the space is asked for its report.
 */
export class SynclineInspector extends Base {
    static readonly observedAttributes = ['space'];

    #store: Store | null = null;
    #root: ShadowRoot | null = null;
    #shown: SpaceView | null = null;
    #picker: HTMLSelectElement | null = null;
    #round = 0;
    #retry: ReturnType<typeof setTimeout> | undefined;

    get store(): Store | null {
        return this.#store;
    }

    set store(store: Store | null) {
        if (store === this.#store) return;
        this.#store = store;
        void this.#restart();
    }

    /** The name of the space that is asked for; an empty one for the first there is. */
    get space(): string {
        return this.getAttribute('space') ?? '';
    }

    set space(name: string) {
        this.setAttribute('space', name);
    }

    connectedCallback(): void {
        if (!this.hasAttribute('role')) this.setAttribute('role', 'region');
        if (!this.hasAttribute('aria-label')) this.setAttribute('aria-label', 'Syncline inspector');
        void this.#restart();
    }

    disconnectedCallback(): void {
        this.#end();
    }

    attributeChangedCallback(): void {
        void this.#restart();
    }

    async #restart(): Promise<void> {
        this.#end();
        const round = this.#round;
        if (!this.isConnected) return;
        if (this.#root === null) {
            this.#root = this.attachShadow({mode: 'open'});
            this.#root.adoptedStyleSheets = [sharedSheet()];
        }
        const root = this.#root;
        const store = this.#store;
        if (store === null) {
            root.replaceChildren(panel(h('p', {class: 'quiet'}, 'No store yet.')));
            return;
        }
        const known = await store.spaces().catch((): readonly string[] => []);
        if (round !== this.#round) return;
        const names = this.space === '' || known.includes(this.space) ? known : [this.space, ...known];
        const name = this.space === '' ? names[0] : this.space;
        if (name === undefined) {
            root.replaceChildren(panel(h('p', {class: 'quiet'}, 'No space yet.')));
            this.#retry = setTimeout(() => void this.#restart(), retryMs);
            return;
        }
        this.#show(root, store, names, name);
    }

    #show(root: ShadowRoot, store: Store, names: readonly string[], name: string): void {
        const picker = h('select', {'aria-label': 'Space', change: () => this.#pick(picker.value)});
        for (const one of names) picker.append(h('option', {value: one}, one));
        picker.value = name;
        const refocus = this.#picker !== null && root.activeElement === this.#picker;
        this.#shown = new SpaceView(store, store.space(name));
        this.#picker = picker;
        root.replaceChildren(panel(picker, this.#shown.element));
        if (refocus) picker.focus();
    }

    #pick(name: string): void {
        this.space = name;
    }

    #end(): void {
        this.#round += 1;
        clearTimeout(this.#retry);
        this.#shown?.stop();
        this.#shown = null;
    }
}

function panel(...content: HTMLElement[]): HTMLElement {
    const [first, ...rest] = content;
    const bar = h(
        'div',
        {class: 'bar'},
        h('h2', {}, 'Syncline'),
        ...(rest.length > 0 && first !== undefined ? [first] : []),
    );
    return h('div', {class: 'panel'}, bar, ...(rest.length > 0 ? rest : content));
}
