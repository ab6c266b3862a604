import type {Stop, Transaction, UndoChange, UndoStack} from './api.js';
import type {Client} from './client.js';
import {Listeners} from './listeners.js';
import {record} from './recorder.js';
import type {PageSpace} from './space.js';

export class PageUndoStack implements UndoStack {
    canUndo = false;
    canRedo = false;
    private readonly listeners = new Listeners<UndoChange>();

    constructor(
        private readonly client: Client,
        private readonly space: PageSpace,
        private readonly stack: number,
        private readonly options: {readonly depth: number; readonly mergeMs: number},
        private readonly forget: () => void,
    ) {}

    async transact(edit: (tx: Transaction) => void): Promise<void> {
        const {ops, listed} = record(edit);
        await this.client.ask('undoTransact', {stack: this.stack, ops, ...this.space.seen(listed), once: this.client.once()});
    }
    async undo(): Promise<boolean> {
        return this.client.ask('undo', {stack: this.stack, once: this.client.once()});
    }
    async redo(): Promise<boolean> {
        return this.client.ask('redo', {stack: this.stack, once: this.client.once()});
    }
    observe(listener: (change: UndoChange) => void): Stop {
        return this.listeners.add(listener);
    }
    close(): void {
        this.listeners.clear();
        this.forget();
        this.client.ask('undoClose', {stack: this.stack}).catch(() => undefined);
    }

    // ---- What the store tells it

    /** Opens it at the engine's side: at first, and empty again at a new leader. */
    async open(): Promise<void> {
        this.changed(false, false, true);
        await this.client.ask('undoOpen', {space: this.space.name, stack: this.stack, ...this.options});
    }
    changed(canUndo: boolean, canRedo: boolean, lost = false): void {
        if (this.canUndo === canUndo && this.canRedo === canRedo) return;
        this.canUndo = canUndo;
        this.canRedo = canRedo;
        this.listeners.tell(Object.freeze({canUndo, canRedo, lost}));
    }
}
