import {useEffect, useMemo, useRef} from 'react';
import type {PresenceEntry, Value} from '../api.js';
import {useSpace} from './context.js';
import {sameValue} from './same-value.js';
import {useSource} from './source.js';
import type {Source} from './source.js';

const nobody: readonly PresenceEntry[] = Object.freeze([]);

/**
 * Who else is in the space, and, with `mine`, what they see of this tab while the component is there: it is sent when
 * it differs in content, so it may be written inline. A tab says one thing at a time: let one component give `mine`.
 */
export function usePresence(mine?: Value): readonly PresenceEntry[] {
    const {presence} = useSpace();
    const said = useRef<Value | undefined>(undefined);
    useEffect(() => {
        if (sameValue(said.current, mine)) return;
        said.current = mine;
        if (mine === undefined) presence.clear();
        else presence.set(mine);
    });
    useEffect(
        () => () => {
            if (said.current === undefined) return;
            said.current = undefined;
            presence.clear();
        },
        [presence],
    );
    return useSource(
        useMemo<Source<readonly PresenceEntry[]>>(
            () => ({
                subscribe: (listener) => presence.observe(listener),
                snapshot: () => presence.others(),
                serverSnapshot: () => nobody,
            }),
            [presence],
        ),
    );
}
