import {useEffect, useMemo, useRef, useState, type ReactElement} from 'react';
import type {Caret} from 'syncline/codemirror';
import {usePresence} from 'syncline/react';
import {useBoard} from '../board';
import {aboutMe, peopleOf} from '../people';
import {everything, isNarrow, matches, noneFitWords, type Filter} from '../search';
import {useDevice} from '../store';
import {useAnnouncer} from '../ui/announce';
import {addFieldId, AddItem} from './add-item';
import {BoardHeader} from './board-header';
import {ItemList} from './item-list';
import {ItemPanel} from './item-panel';
import {Narrowing, searchFieldId} from './narrowing';
import {NoItems} from './no-items';
import {MemoryNotice, SyncNotice} from './notices';
import {useUndoKeys} from './use-undo-keys';

export interface BoardViewProps {
    readonly openId: string | null;
    /** It is not the page that the person came to first. */
    readonly fromWithin: boolean;
}

export function BoardView({openId, fromWithin}: BoardViewProps): ReactElement {
    const board = useBoard();
    const {name} = useDevice();
    const announcer = useAnnouncer();
    const [filter, setFilter] = useState(everything);
    const [caret, setCaret] = useState<Caret | null>(null);
    const people = peopleOf(usePresence(aboutMe(name, openId, caret)));
    const list = useRef<HTMLDivElement>(null);
    const returnFocus = useRef<string | null>(null);
    const added = useRef<string | null>(null);
    useUndoKeys(board);

    useEffect(() => {
        document.title = board.title === '' ? 'Board' : board.title;
    }, [board.title]);

    // Where one is now, for those who do not see it.
    const arrived = useRef(false);
    useEffect(() => {
        if (arrived.current || !board.loaded) return;
        arrived.current = true;
        announcer.say(`${board.title === '' ? 'A board' : board.title}, ${board.items.length} items`);
        // From another page of the app the focus is nowhere. On a board just made the next thing is a first item.
        if (fromWithin && openId === null) {
            (board.known && board.items.length === 0 ? document.getElementById(addFieldId) : list.current)?.focus({preventScroll: true});
        }
    }, [announcer, board.loaded, board.title, board.known, board.items.length, fromWithin, openId]);

    const narrow = isNarrow(filter);
    const shown = useMemo(
        () => (narrow ? board.items.filter((item) => matches(item, filter)) : board.items),
        [board.items, filter, narrow],
    );
    const open = openId === null ? undefined : board.items.find((item) => item.id === openId);

    // What this person added is seen, wherever they are in the list.
    useEffect(() => {
        const row = added.current === null ? null : document.getElementById(`open-${added.current}`)?.closest('li');
        if (row === null || row === undefined) return;
        added.current = null;
        row.scrollIntoView({block: 'nearest'});
    }, [shown]);

    // Back from an item: the focus returns to where it was opened.
    useEffect(() => {
        if (openId !== null) returnFocus.current = openId;
        else if (returnFocus.current !== null) {
            const opener = document.getElementById(`open-${returnFocus.current}`); // none when it was removed
            (opener ?? list.current)?.focus();
            returnFocus.current = null;
        }
    }, [openId]);

    return (
        <div className={openId === null ? 'board' : 'board board-with-panel'}>
            <BoardHeader people={people} />
            <main className="board-main">
                <div ref={list} className="board-list" tabIndex={-1}>
                    <SyncNotice />
                    <MemoryNotice />
                    {board.items.length > 0 && <Narrowing filter={filter} onChange={setFilter} found={shown.length} />}
                    {board.items.length === 0 && <NoItems board={board} />}
                    <ItemList items={shown} filter={filter} movable={!narrow} people={people} openId={openId} />
                    {board.items.length > 0 && shown.length === 0 && (
                        <NoneFit filter={filter} onWiden={() => setFilter(everything)} />
                    )}
                    <AddItem
                        onAdd={(id) => {
                            added.current = id;
                            // It would not be seen among what is searched for.
                            setFilter(everything);
                        }}
                    />
                </div>
                {openId !== null && <ItemPanel key={openId} id={openId} item={open} people={people} onCaret={setCaret} />}
            </main>
        </div>
    );
}

function NoneFit({filter, onWiden}: {readonly filter: Filter; readonly onWiden: () => void}): ReactElement {
    return (
        <div className="hint none-fit">
            <p>{noneFitWords(filter)}</p>
            <button
                type="button"
                className="button button-small"
                onClick={() => {
                    onWiden();
                    document.getElementById(searchFieldId)?.focus(); // this button goes
                }}
            >
                Show all
            </button>
        </div>
    );
}
