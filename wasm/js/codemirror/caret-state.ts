import {StateEffect, StateField} from '@codemirror/state';
import type {Range} from '@codemirror/state';
import {Decoration, EditorView, WidgetType} from '@codemirror/view';
import type {DecorationSet} from '@codemirror/view';
import {colorOf} from './caret-theme.js';

/** Somebody's selection, in positions of the document as it is. */
export interface ShownCaret {
    readonly key: string;
    readonly name: string;
    readonly anchor: number;
    readonly head: number;
}

export const setCarets = StateEffect.define<readonly ShownCaret[]>();

/** The carets of others. They move with the text around them until they are set anew. */
export const carets = StateField.define<readonly ShownCaret[]>({
    create: () => [],
    update(shown, transaction) {
        let next = shown;
        if (transaction.docChanged && next.length > 0) {
            const moved = (position: number): number => transaction.changes.mapPos(position, 1);
            next = next.map((caret) => ({...caret, anchor: moved(caret.anchor), head: moved(caret.head)}));
        }
        for (const effect of transaction.effects) if (effect.is(setCarets)) next = effect.value;
        return next;
    },
    provide: (field) => EditorView.decorations.from(field, decorations),
});

class CaretWidget extends WidgetType {
    constructor(
        readonly name: string,
        readonly color: number,
    ) {
        super();
    }

    override eq(other: CaretWidget): boolean {
        return this.name === other.name && this.color === other.color;
    }

    override toDOM(view: EditorView): HTMLElement {
        const document = view.dom.ownerDocument;
        const caret = document.createElement('span');
        caret.className = `cm-syncline-caret cm-syncline-person-${this.color}`;
        // It is not a part of what is written; who is here is announced instead.
        caret.setAttribute('aria-hidden', 'true');
        const label = caret.appendChild(document.createElement('span'));
        label.className = 'cm-syncline-caret-name';
        label.textContent = this.name;
        return caret;
    }

    override ignoreEvent(): boolean {
        return true;
    }
}

function decorations(shown: readonly ShownCaret[]): DecorationSet {
    const ranges: Range<Decoration>[] = [];
    for (const {key, name, anchor, head} of shown) {
        const color = colorOf(key);
        const [from, to] = [Math.min(anchor, head), Math.max(anchor, head)];
        if (from < to)
            ranges.push(Decoration.mark({class: `cm-syncline-selection cm-syncline-person-${color}`}).range(from, to));
        ranges.push(
            Decoration.widget({widget: new CaretWidget(name, color), side: head < anchor ? -1 : 1}).range(head),
        );
    }
    return Decoration.set(ranges, true);
}
