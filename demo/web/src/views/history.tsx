import {useEffect, useState, type ReactElement} from 'react';
import {useSyncStatus} from 'syncline/react';
import {useSpace} from '../hooks';
import {useBoard} from '../board';
import {tell, type Told} from '../history';
import type {Item} from '../model';
import {useDevice} from '../store';
import {Avatar} from '../ui/avatar';
import {ago} from '../words';

/** Who did what to an item, newest first, as far as this device keeps it. */
export function History({item}: {readonly item: Item}): ReactElement {
    const space = useSpace();
    const board = useBoard();
    const {store, name} = useDevice();
    const {pending} = useSyncStatus();
    const [entries, setEntries] = useState<readonly Told[] | null>(null);

    useEffect(() => {
        let wanted = true;
        const read = async (): Promise<readonly Told[]> => {
            try {
                return tell(await space.document('items', item.id).history());
            } catch {
                return []; // none is kept
            }
        };
        void read().then((found) => wanted && setEntries(found));
        return () => {
            wanted = false;
        };
    }, [space, item, pending]);

    const isMine = ({author}: Told): boolean => author === store.replica;
    const nameOf = (entry: Told): string => (isMine(entry) ? name : board.names.get(entry.author) || 'Somebody');
    if (entries === null) return <p className="hint">Reading…</p>;
    if (entries.length === 0) return <p className="hint">No history is kept of this item on this device.</p>;
    return (
        <section aria-labelledby="history-title">
            <h3 id="history-title" className="visually-hidden">
                History
            </h3>
            <ol className="history">
                {entries.map((entry, at) => (
                    <li key={`${entry.author}-${entry.time}-${at}`} className="history-entry">
                        <Avatar name={nameOf(entry)} replica={entry.author} you={isMine(entry)} small />
                        <p>
                            <strong aria-hidden="true">{isMine(entry) ? 'You' : nameOf(entry)}</strong> {entry.deeds.join(', ')}
                            <span className="history-when">
                                <time dateTime={new Date(entry.time).toISOString()} title={new Date(entry.time).toLocaleString()}>
                                    {ago(entry.time, Date.now())}
                                </time>
                                {!entry.sent && ', not sent yet'}
                            </span>
                        </p>
                    </li>
                ))}
            </ol>
        </section>
    );
}
