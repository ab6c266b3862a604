import type {Extension, StateEffect} from '@codemirror/state';
import {EditorView, ViewPlugin} from '@codemirror/view';
import type {PluginValue, ViewUpdate} from '@codemirror/view';
import type {LiveText, Presence, PresenceEntry, Stop, Value} from '../api.js';
import {caretTheme} from './caret-theme.js';
import {carets, setCarets} from './caret-state.js';
import type {ShownCaret} from './caret-state.js';

/** Where somebody's caret is. A {@link Value}, to be a part of what an app says by presence. */
export type Caret = {
    /** The name of the text, see {@link RemoteCaretsOptions.text}. */
    readonly text: string;
    /** The fixed end of the selection, as `LiveText.anchor` gave it. */
    readonly anchor: string;
    /** The end that moves; equal to `anchor` where nothing is selected. */
    readonly head: string;
};

export interface RemoteCaretsOptions {
    readonly presence: Presence;
    /** Names this text among those of the space, the same on all devices: `tasks/t1/notes`. */
    readonly text: string;
    /** What others see beside the own caret. */
    readonly name: string;
    /**
     * Says where the own caret is; null: not in this text. Without it, presence is set to `{name, caret}`. An app
     * whose presence holds more gives its own, and {@link read} with it.
     */
    readonly publish?: (caret: Caret | null) => void;
    /** Whose caret an entry holds, in whatever text; null for none. */
    readonly read?: (entry: PresenceEntry) => {readonly name: string; readonly caret: Caret} | null;
}

function isMap(value: Value | undefined): value is {readonly [key: string]: Value} {
    return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

/** A caret out of a value that somebody else sent, which may be anything. */
export function asCaret(value: Value | undefined): Caret | null {
    if (!isMap(value)) return null;
    const {text, anchor, head} = value;
    return typeof text === 'string' && typeof anchor === 'string' && typeof head === 'string'
        ? {text, anchor, head}
        : null;
}

function readDefault({value}: PresenceEntry): {readonly name: string; readonly caret: Caret} | null {
    if (!isMap(value) || typeof value['name'] !== 'string') return null;
    const caret = asCaret(value['caret']);
    return caret === null ? null : {name: value['name'], caret};
}

interface Other {
    readonly name: string;
    readonly caret: Caret;
    /** Whether `caret` is what the editor shows; else it is still to be found. */
    shown: boolean;
}

class Carets implements PluginValue {
    readonly #view: EditorView;
    readonly #live: LiveText;
    readonly #options: RemoteCaretsOptions;
    readonly #stops: readonly Stop[];
    readonly #others = new Map<string, Other>();
    #gone = false;
    #said: Caret | null = null;
    /** Counts changes of the document, to know whether a position is about this one. */
    #round = 0;
    #saying: Again;
    #finding: Again;

    constructor(view: EditorView, live: LiveText, options: RemoteCaretsOptions) {
        this.#view = view;
        this.#live = live;
        this.#options = options;
        this.#saying = new Again(() => this.#say());
        this.#finding = new Again(() => this.#find());
        this.#stops = [
            options.presence.observe(() => this.#look()),
            // A caret can come before the text that it stands in.
            live.observe(() => this.#waiting() && this.#finding.run()),
        ];
        queueMicrotask(() => this.#look());
    }

    update(update: ViewUpdate): void {
        if (update.docChanged) this.#round += 1;
        if (update.selectionSet || update.docChanged || update.focusChanged) this.#saying.run();
    }

    destroy(): void {
        this.#gone = true;
        for (const stop of this.#stops) stop();
        if (this.#said !== null) this.#publish(null);
    }

    /** Says where the own caret is, if that is news. */
    async #say(): Promise<void> {
        const {anchor, head} = this.#view.state.selection.main;
        const caret = this.#view.hasFocus ? await this.#anchored(anchor, head) : null;
        if (this.#gone || sameCaret(caret, this.#said)) return;
        this.#publish(caret);
    }

    async #anchored(anchor: number, head: number): Promise<Caret> {
        const fixed = this.#live.anchor(anchor);
        const [first, second] = await Promise.all([fixed, anchor === head ? fixed : this.#live.anchor(head)]);
        return {text: this.#options.text, anchor: first, head: second};
    }

    #publish(caret: Caret | null): void {
        this.#said = caret;
        const {publish, presence, name} = this.#options;
        if (publish !== undefined) publish(caret);
        else if (this.#gone) presence.clear();
        else presence.set({name, caret});
    }

    /** Notes who is in this text now. */
    #look(): void {
        if (this.#gone) return;
        const read = this.#options.read ?? readDefault;
        const here = new Map<string, Other>();
        for (const entry of this.#options.presence.others()) {
            const other = read(entry);
            if (other === null || other.caret.text !== this.#options.text) continue;
            const known = this.#others.get(entry.key);
            const same = known !== undefined && known.name === other.name && sameCaret(known.caret, other.caret);
            here.set(entry.key, {...other, shown: same && known.shown});
        }
        const phrase = (words: string, name: string): StateEffect<string> =>
            EditorView.announce.of(this.#view.state.phrase(words, name));
        const effects: StateEffect<unknown>[] = [];
        for (const [key, {name}] of here) if (!this.#others.has(key)) effects.push(phrase('$ is in this text', name));
        const left = [...this.#others].filter(([key]) => !here.has(key));
        for (const [, {name}] of left) effects.push(phrase('$ left this text', name));
        if (left.length > 0) {
            const stay = this.#view.state.field(carets).filter(({key}) => here.has(key));
            effects.push(setCarets.of(stay));
        }
        this.#others.clear();
        for (const [key, other] of here) this.#others.set(key, other);
        if (effects.length > 0) this.#view.dispatch({effects});
        if (this.#waiting()) this.#finding.run();
    }

    #waiting(): boolean {
        return [...this.#others.values()].some(({shown}) => !shown);
    }

    /** Finds where the carets are that are not shown yet; those of which nothing is known wait for more text. */
    async #find(): Promise<void> {
        const wanted = [...this.#others].filter(([, {shown}]) => !shown);
        const round = this.#round;
        const found = await Promise.all(
            wanted.map(async ([, {caret}]) =>
                Promise.all([this.#live.resolve(caret.anchor), this.#live.resolve(caret.head)]),
            ),
        );
        if (this.#gone) return;
        if (round !== this.#round) {
            // These are positions of a text that was. Whoever types is soon done.
            this.#finding.run();
            return;
        }
        const {doc} = this.#view.state;
        const now = new Map(this.#view.state.field(carets).map((caret) => [caret.key, caret]));
        wanted.forEach(([key, other], index) => {
            const [anchor, head] = found[index] ?? [null, null];
            if (anchor === null || head === null || this.#others.get(key) !== other) return;
            other.shown = true;
            const inside = (position: number): number => Math.min(Math.max(position, 0), doc.length);
            now.set(key, {key, name: other.name, anchor: inside(anchor), head: inside(head)} satisfies ShownCaret);
        });
        this.#view.dispatch({effects: setCarets.of([...now.values()])});
    }
}

function sameCaret(a: Caret | null, b: Caret | null): boolean {
    return a === b || (a !== null && b !== null && a.text === b.text && a.anchor === b.anchor && a.head === b.head);
}

/** Runs something that waits, one run at a time: calls meanwhile are one more run after it. */
class Again {
    readonly #what: () => Promise<void>;
    #running = false;
    #again = false;

    constructor(what: () => Promise<void>) {
        this.#what = what;
    }

    run(): void {
        this.#again = true;
        if (!this.#running) void this.#loop();
    }

    async #loop(): Promise<void> {
        this.#running = true;
        // After the update that asked for it.
        await null;
        while (this.#again) {
            this.#again = false;
            try {
                await this.#what();
            } catch {
                // The text was closed, or the leader changed: the next change asks again.
            }
        }
        this.#running = false;
    }
}

/**
 * Shows where the others in this text are, with their names, and says where the own caret is while the editor has
 * the focus. Who comes and goes is announced to screen readers; the carets themselves are not read as text. Words
 * for `EditorState.phrases`: `$ is in this text`, `$ left this text`.
 */
export function remoteCarets(live: LiveText, options: RemoteCaretsOptions): Extension {
    return [carets, caretTheme, ViewPlugin.define((view) => new Carets(view, live, options))];
}
