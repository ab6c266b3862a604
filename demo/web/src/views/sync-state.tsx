import {useEffect, useRef, type ReactElement} from 'react';
import {useSyncStatus} from 'syncline/react';
import {useDevice} from '../store';
import {useAnnouncer} from '../ui/announce';
import {statusWords} from '../words';

/** How this board stands with the relay; pressed, in a sentence. A change of mood is said; each sent change is not. */
export function SyncState(): ReactElement {
    const {online} = useDevice();
    const announcer = useAnnouncer();
    const words = statusWords(useSyncStatus(), online);
    const lastMood = useRef(words.mood);
    useEffect(() => {
        if (words.mood === lastMood.current || words.mood === 'busy') return;
        lastMood.current = words.mood;
        announcer.say(words.long);
    }, [words.mood, words.long, announcer]);
    return (
        <button type="button" className={`sync sync-${words.mood}`} title={words.long} onClick={() => announcer.show(words.long)}>
            <span className="sync-dot" aria-hidden="true" />
            <span className="sync-short">{words.short}</span>
            <span className="visually-hidden">. {words.long}</span>
        </button>
    );
}
