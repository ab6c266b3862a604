import {Annotation, EditorState, Transaction} from '@codemirror/state';
import type {ChangeSpec, Extension} from '@codemirror/state';
import {EditorView, ViewPlugin, logException} from '@codemirror/view';
import type {PluginValue, ViewUpdate} from '@codemirror/view';
import type {LiveText, Stop} from '../api.js';
import {changesOf, deltaOf, replacement} from './delta.js';

/** On transactions that bring what others did: they are not sent back. */
const fromOthers = Annotation.define<true>();

class Binding implements PluginValue {
    readonly #view: EditorView;
    readonly #live: LiveText;
    readonly #stop: Stop;
    #aligned: boolean;
    #gone = false;

    constructor(view: EditorView, live: LiveText) {
        this.#view = view;
        this.#live = live;
        this.#stop = live.observe((delta) => {
            if (this.#aligned) this.#show(changesOf(delta));
            else this.#align();
        });
        this.#aligned = view.state.doc.toString() === live.value;
        // A view cannot be changed while it is being made.
        if (!this.#aligned) queueMicrotask(() => this.#align());
    }

    update(update: ViewUpdate): void {
        if (!this.#aligned) return;
        for (const transaction of update.transactions) {
            if (transaction.docChanged && transaction.annotation(fromOthers) === undefined) this.#send(transaction);
        }
    }

    destroy(): void {
        this.#gone = true;
        this.#stop();
    }

    async #send(transaction: Transaction): Promise<void> {
        try {
            await this.#live.edit(deltaOf(transaction.changes));
        } catch (error) {
            // It did not happen: the editor goes back to what there is.
            logException(this.#view.state, error, 'syncline');
            this.#align();
        }
    }

    #show(changes: ChangeSpec): void {
        this.#view.dispatch({
            changes,
            annotations: [fromOthers.of(true), Transaction.remote.of(true), Transaction.addToHistory.of(false)],
            // Also where the editor is read-only for the one who sits before it.
            filter: false,
        });
    }

    #align(): void {
        if (this.#gone) return;
        const difference = replacement(this.#view.state.doc.toString(), this.#live.value);
        if (difference !== undefined) this.#show(difference);
        this.#aligned = true;
    }
}

/**
 * Shows a text in an editor and keeps both equal: what is typed goes to `live` transaction by transaction, what
 * others do comes into the editor and is never sent back.
 *
 * ```ts
 * const live = await space.document('tasks', 't1').text(['notes']);
 * new EditorView({doc: live.value, extensions: [liveText(live), history(), …], parent});
 * ```
 *
 * Undo  is CodeMirror's own `history()`: it takes back what was typed in this editor and leaves what others did.
 * Lines  end in `\n`; other line ends are kept as they are, and shown as special characters.
 * Errors  of an edit go to `EditorView.exceptionSink`; the editor then shows again what the document holds.
 * Lifetime  Closing `live` is the caller's, after the view is destroyed.
 */
export function liveText(live: LiveText): Extension {
    return [EditorState.lineSeparator.of('\n'), ViewPlugin.define((view) => new Binding(view, live))];
}
