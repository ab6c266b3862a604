import type {Stop} from './api.js';

/** Functions to be called, in the order they came. One that throws does not keep the others from being called. */
export class Listeners<T> {
    private readonly all = new Set<{readonly call: (detail: T) => void}>();

    get size(): number {
        return this.all.size;
    }
    add(call: (detail: T) => void): Stop {
        const entry = {call};
        this.all.add(entry);
        return () => void this.all.delete(entry);
    }
    clear(): void {
        this.all.clear();
    }
    tell(detail: T): void {
        for (const entry of [...this.all]) {
            if (!this.all.has(entry)) continue;
            try {
                entry.call(detail);
            } catch (thrown) {
                // As an event listener's: the app's error handler hears of it, and we go on.
                queueMicrotask(() => {
                    throw thrown;
                });
            }
        }
    }
}
