import {useEffect, useState} from 'react';
import {useSpace} from 'syncline/react';
import type {Item} from '../model';

const none: readonly string[] = [];

/** The titles that lost against the one shown: written elsewhere at the same time. Asked again when the item changes. */
export function useConflicts(item: Item): readonly string[] {
    const space = useSpace();
    const [titles, setTitles] = useState(none);
    useEffect(() => {
        let wanted = true;
        space
            .document('items', item.id)
            .conflicts(['title'])
            .then((values) => {
                const lost = values.filter((value) => typeof value === 'string' && value !== item.title) as string[];
                if (wanted) setTitles(lost.length === 0 ? none : [...new Set(lost)]);
            })
            .catch(() => undefined); // the store is closing; there is nothing to show
        return () => {
            wanted = false;
        };
    }, [space, item]);
    return titles;
}
