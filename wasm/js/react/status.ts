import {useMemo} from 'react';
import type {SyncStatus} from '../api.js';
import {useSpace} from './context.js';
import {useSource} from './source.js';
import type {Source} from './source.js';

const onServer: SyncStatus = Object.freeze({
    connection: 'offline',
    inSync: false,
    pending: 0,
    cursor: 0,
    lastError: null,
});

/** How the space stands with the relay. On a server: offline. */
export function useSyncStatus(): SyncStatus {
    const space = useSpace();
    return useSource(
        useMemo<Source<SyncStatus>>(
            () => ({
                subscribe: (listener) => space.observeStatus(listener),
                snapshot: () => space.status(),
                serverSnapshot: () => onServer,
            }),
            [space],
        ),
    );
}
