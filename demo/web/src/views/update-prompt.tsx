import {useSyncExternalStore, type ReactElement} from 'react';
import {observeUpdate, switchToUpdate, updateWaits} from '../offline';

/** A newer version of the app is here; the person says when to change to it. */
export function UpdatePrompt(): ReactElement | null {
    const waits = useSyncExternalStore(observeUpdate, updateWaits);
    if (!waits) return null;
    return (
        <div className="update" role="region" aria-label="Update">
            <p>A new version is ready.</p>
            <button type="button" className="button button-main button-small" onClick={switchToUpdate}>
                Reload
            </button>
        </div>
    );
}
