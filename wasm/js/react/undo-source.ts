import type {Space, Stop, Transaction, UndoChange, UndoStack} from '../api.js';
import type {Source} from './source.js';

export interface UndoOptions {
    /** How many groups are kept. */
    readonly depth?: number;
    /** What follows within so many milliseconds joins the group before. */
    readonly mergeMs?: number;
}

const nothing: UndoChange = Object.freeze({canUndo: false, canRedo: false, lost: false});

/**
 * One undo stack of a space, opened when a component first shows it and kept until {@link close}, so that what was
 * done can be undone also when the button was away meanwhile.
 */
export class UndoSource implements Source<UndoChange> {
    readonly #space: Space;
    readonly #options: UndoOptions | undefined;
    readonly #listeners = new Set<() => void>();
    #opening: Promise<UndoStack> | null = null;
    #stack: UndoStack | null = null;
    #stop: Stop | null = null;
    #state = nothing;

    constructor(space: Space, options?: UndoOptions) {
        this.#space = space;
        this.#options = options;
    }

    readonly subscribe = (listener: () => void): Stop => {
        const own = (): void => listener();
        this.#listeners.add(own);
        this.#open();
        return () => {
            this.#listeners.delete(own);
        };
    };

    readonly snapshot = (): UndoChange => this.#state;

    readonly serverSnapshot = (): UndoChange => nothing;

    /**
     * As the space's, and recorded: `edit` runs at once, but while the stack is being opened it waits for that. While no component
     * shows the stack there is none, and nothing is recorded.
     */
    readonly transact = async (edit: (tx: Transaction) => void): Promise<void> => {
        const to = this.#stack ?? (this.#opening === null ? this.#space : await this.#opening);
        await to.transact(edit);
    };

    readonly undo = async (): Promise<boolean> => (await (await this.#opening)?.undo()) ?? false;

    readonly redo = async (): Promise<boolean> => (await (await this.#opening)?.redo()) ?? false;

    /** Lets go of the stack. A later `subscribe` opens another one. */
    close(): void {
        this.#opening?.then(
            (stack) => stack.close(),
            () => undefined,
        );
        this.#stop?.();
        this.#opening = this.#stack = this.#stop = null;
        this.#state = nothing;
    }

    #open(): void {
        if (this.#opening !== null) return;
        const opening = this.#space.undo(this.#options);
        this.#opening = opening;
        opening.then(
            (stack) => {
                if (this.#opening !== opening) return;
                this.#stack = stack;
                this.#stop = stack.observe((change) => this.#tell(change));
                if (stack.canUndo || stack.canRedo) this.#tell(Object.freeze({canUndo: stack.canUndo, canRedo: stack.canRedo, lost: false}));
            },
            // Who calls transact, undo or redo is told why; the next to subscribe tries again.
            () => {
                if (this.#opening === opening && this.#listeners.size === 0) this.#opening = null;
            },
        );
    }

    #tell(state: UndoChange): void {
        this.#state = state;
        for (const listener of [...this.#listeners]) listener();
    }
}
