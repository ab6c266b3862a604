/** What stays wrong until somebody does something about it, above the list. What it says is said by others too, so it is no live region. */
import type {ReactElement} from 'react';
import {useSyncStatus} from 'syncline/react';
import {useDevice} from '../store';
import {statusWords} from '../words';

export function SyncNotice(): ReactElement | null {
    const {store, online} = useDevice();
    const status = useSyncStatus();
    const words = statusWords(status, online);
    if (words.mood !== 'wrong') return null;
    return (
        <div className="notice" role="group" aria-label="Not syncing">
            <p>{words.long}</p>
            {status.lastError?.final === true && (
                <button type="button" className="button button-small" onClick={() => void store.connect().catch(() => undefined)}>
                    Try again
                </button>
            )}
        </div>
    );
}

/** In a browser that keeps nothing, as some do in private windows. */
export function MemoryNotice(): ReactElement | null {
    const {store} = useDevice();
    if (store.storage !== 'memory') return null;
    return (
        <p className="notice">
            This browser keeps nothing here. What was not sent is lost when you close the last tab; the rest comes back by the board’s
            link.
        </p>
    );
}
