import type {Store, StoreEvents} from '../../../wasm/js/api.js';
import {FakeSpace} from './fake-space.js';
import {Listeners} from './listeners.js';

/** As much of a store as an inspector sees: spaces, and a switch that says what was asked for. */
export class FakeStore implements Pick<Store, 'name' | 'replica' | 'storage' | 'role' | 'spaces'> {
    readonly name = 'fake';
    readonly replica = 'replica-a';
    readonly storage = 'memory';
    readonly role = 'leader';
    readonly listeners = new Listeners<never>();
    readonly #spaces = new Map<string, FakeSpace>();

    /** For what takes a store; a use of something that this fake has not fails with a TypeError. */
    get asStore(): Store {
        return this as unknown as Store;
    }

    space(name: string): FakeSpace {
        const known = this.#spaces.get(name) ?? new FakeSpace();
        this.#spaces.set(name, known);
        return known;
    }

    async spaces(): Promise<readonly string[]> {
        return [...this.#spaces.keys()];
    }

    async connect(): Promise<void> {
        for (const space of this.#spaces.values()) space.setStatus({connection: 'connected', inSync: true});
    }

    async disconnect(): Promise<void> {
        for (const space of this.#spaces.values()) space.setStatus({connection: 'offline', inSync: false});
    }

    on(_event: keyof StoreEvents, listener: (detail: never) => void): () => void {
        return this.listeners.add(listener);
    }
}
