import type {Stop} from '../../../wasm/js/api.js';

/** Listeners that are counted, so that a test sees a leak. */
export class Listeners<T> {
    readonly #all = new Set<(detail: T) => void>();

    add(listener: (detail: T) => void): Stop {
        const own = (detail: T): void => listener(detail);
        this.#all.add(own);
        return () => void this.#all.delete(own);
    }

    tell(detail: T): void {
        for (const listener of [...this.#all]) listener(detail);
    }

    get size(): number {
        return this.#all.size;
    }
}
