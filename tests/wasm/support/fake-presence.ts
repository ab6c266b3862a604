import type {Presence, PresenceEntry, Value} from '../../../wasm/js/api.js';
import {FakeSpace} from './fake-space.js';

/** Two who see what the other says at once. */
export function pairOfPresences(): readonly [Presence, Presence] {
    const spaces = [new FakeSpace(), new FakeSpace()] as const;
    const side = (own: 0 | 1): Presence => {
        const other = spaces[own === 0 ? 1 : 0];
        const entry = (value: Value): PresenceEntry => ({key: `key-${own}`, replica: `r${own}`, subject: null, value});
        return {
            ...spaces[own].presence,
            set: (value) => other.setOthers(entry(value)),
            clear: () => other.setOthers(),
        };
    };
    return [side(0), side(1)];
}
