import {useEffect, useState} from 'react';
import type {LiveText, Path} from '../api.js';
import {useSpace} from './context.js';

export interface LiveTextState {
    /** For an editor; null until it is here. Closed when the component goes. */
    readonly text: LiveText | null;
    /** Why it could not be opened. */
    readonly error: Error | null;
}

const nothing: LiveTextState = Object.freeze({text: null, error: null});

/** Opens a text of a document for an editor. The component renders when it is here, not when somebody types. */
export function useLiveText(collection: string, id: string, path: Path): LiveTextState {
    const space = useSpace();
    const [opened, setOpened] = useState<{
        readonly key: string;
        readonly space: unknown;
        readonly state: LiveTextState;
    } | null>(null);
    const key = JSON.stringify([collection, id, path]);
    useEffect(() => {
        const [inCollection, withId, steps] = JSON.parse(key) as [string, string, Path];
        let wanted = true;
        let live: LiveText | null = null;
        space
            .document(inCollection, withId)
            .text(steps)
            .then(
                (text) => {
                    live = text;
                    if (wanted) setOpened({key, space, state: Object.freeze({text, error: null})});
                    else text.close();
                },
                (reason: unknown) => {
                    const error = reason instanceof Error ? reason : new Error(String(reason));
                    if (wanted) setOpened({key, space, state: Object.freeze({text: null, error})});
                },
            );
        return () => {
            wanted = false;
            live?.close();
            setOpened(null);
        };
    }, [space, key]);
    // Until the effect of new arguments ran, what is held is the text of the old ones.
    return opened !== null && opened.key === key && opened.space === space ? opened.state : nothing;
}
