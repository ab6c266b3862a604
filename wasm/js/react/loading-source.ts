import type {Stop} from '../api.js';
import type {Source} from './source.js';

/** What a component gets of something that has to be loaded first. A new object when something in it changes. */
export interface Loaded<T> {
    readonly value: T;
    /** False until it is known what is there: then `value` is what the page holds so far. */
    readonly loaded: boolean;
    /** Why it could not be loaded. */
    readonly error: Error | null;
}

/** A document or a collection, as a {@link LoadingSource} sees it. */
export interface Loadable<T> {
    /** What the page holds: the same value, by identity, until it changes. */
    read(): T;
    /** Whether it is known to be complete without a call of `load`. */
    complete(): boolean;
    load(): Promise<unknown>;
    observe(listener: () => void): Stop;
}

/**
 * Loads something while at least one component shows it, and tells of its changes. It does nothing before the first
 * `subscribe` and nothing after the last one's end, so a render that React throws away leaves nothing behind.
 */
export class LoadingSource<T> implements Source<Loaded<T>> {
    readonly #what: Loadable<T>;
    readonly #nothing: Loaded<T>;
    readonly #listeners = new Set<() => void>();
    #state: Loaded<T>;
    #stop: Stop | null = null;
    #arrived = false;
    #error: Error | null = null;

    /** `nothing` is what a server shows, which has no store. */
    constructor(what: Loadable<T>, nothing: T) {
        this.#what = what;
        this.#nothing = Object.freeze({value: nothing, loaded: false, error: null});
        this.#state = this.#nothing;
    }

    readonly subscribe = (listener: () => void): Stop => {
        // A set would merge two subscriptions of one function, and the first to end would end both.
        const own = (): void => listener();
        this.#listeners.add(own);
        if (this.#stop === null) this.#start();
        return () => {
            this.#listeners.delete(own);
            if (this.#listeners.size > 0) return;
            this.#stop?.();
            this.#stop = null;
        };
    };

    readonly snapshot = (): Loaded<T> => {
        const value = this.#what.read();
        // What was complete once is kept up to date from then on.
        this.#arrived ||= this.#what.complete();
        const {value: shown, loaded, error} = this.#state;
        if (value !== shown || this.#arrived !== loaded || this.#error !== error) {
            this.#state = Object.freeze({value, loaded: this.#arrived, error: this.#error});
        }
        return this.#state;
    };

    readonly serverSnapshot = (): Loaded<T> => this.#nothing;

    #start(): void {
        const stop = this.#what.observe(() => this.#tell());
        let wanted = true;
        this.#stop = () => {
            wanted = false;
            stop();
        };
        const settle = (error: Error | null): void => {
            this.#arrived ||= error === null;
            this.#error = error;
            if (wanted) this.#tell();
        };
        this.#what.load().then(
            () => settle(null),
            (error: unknown) => settle(error instanceof Error ? error : new Error(String(error))),
        );
    }

    #tell(): void {
        for (const listener of [...this.#listeners]) listener();
    }
}
