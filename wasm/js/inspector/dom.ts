/** An element with attributes, properties that are functions as event listeners, and children. */
export function h<K extends keyof HTMLElementTagNameMap>(
    tag: K,
    attributes: Readonly<Record<string, string | ((event: Event) => void)>> = {},
    ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
        if (typeof value === 'string') element.setAttribute(name, value);
        else element.addEventListener(name, value);
    }
    element.append(...children);
    return element;
}

/** Sets the text where it differs, so that a screen reader is not told again, and a selection stays. */
export function setText(element: Element, text: string): void {
    if (element.textContent !== text) element.textContent = text;
}

/** A part of the panel. */
export interface View {
    readonly element: HTMLElement;
    /** Ends what it listens to. */
    stop(): void;
}

/**
 * Children that follow a list: those whose key stays keep their element, and with it focus and what is unfolded.
 */
export class KeyedChildren<Item, Child extends View> {
    readonly #parent: Element;
    readonly #make: (key: string) => Child;
    readonly #update: (child: Child, item: Item) => void;
    readonly #children = new Map<string, Child>();

    constructor(parent: Element, make: (key: string) => Child, update: (child: Child, item: Item) => void) {
        this.#parent = parent;
        this.#make = make;
        this.#update = update;
    }

    show(items: readonly (readonly [key: string, item: Item])[]): void {
        const wanted = new Set(items.map(([key]) => key));
        for (const [key, child] of this.#children) {
            if (wanted.has(key)) continue;
            child.stop();
            child.element.remove();
            this.#children.delete(key);
        }
        let place = this.#parent.firstElementChild;
        for (const [key, item] of items) {
            const child = this.#children.get(key) ?? this.#make(key);
            this.#children.set(key, child);
            this.#update(child, item);
            if (child.element === place) place = place.nextElementSibling;
            else this.#parent.insertBefore(child.element, place);
        }
    }
}
