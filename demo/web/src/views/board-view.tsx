import {useEffect, useMemo, useRef, useState, type ReactElement} from 'react';
import type {Caret} from 'syncline/codemirror';
import {usePresence} from 'syncline/react';
import {useBoard, type Board} from '../board';
import {aboutMe, peopleOf} from '../people';
import {everything, isNarrow, matches} from '../search';
import {useDevice} from '../store';
import {useAnnouncer} from '../ui/announce';
import {AddItem} from './add-item';
import {BoardHeader} from './board-header';
import {ItemList} from './item-list';
import {ItemPanel} from './item-panel';
import {Narrowing} from './narrowing';
import {useUndoKeys} from './use-undo-keys';

export function BoardView({openId}: {readonly openId: string | null}): ReactElement {
    const board = useBoard();
    const {name} = useDevice();
    const announcer = useAnnouncer();
    const [filter, setFilter] = useState(everything);
    const [caret, setCaret] = useState<Caret | null>(null);
    const people = peopleOf(usePresence(aboutMe(name, openId, caret)));
    const list = useRef<HTMLDivElement>(null);
    const returnFocus = useRef<string | null>(null);
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
    }, [announcer, board.loaded, board.title, board.items.length]);

    const narrow = isNarrow(filter);
    const shown = useMemo(
        () => (narrow ? board.items.filter((item) => matches(item, filter)) : board.items),
        [board.items, filter, narrow],
    );
    const open = openId === null ? undefined : board.items.find((item) => item.id === openId);

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
                    {board.items.length > 0 && <Narrowing filter={filter} onChange={setFilter} found={shown.length} />}
                    {board.items.length === 0 && <NoItems board={board} />}
                    <ItemList items={shown} filter={filter} movable={!narrow} people={people} openId={openId} />
                    {narrow && shown.length === 0 && <p className="hint">Nothing here fits. Try fewer words.</p>}
                    <AddItem />
                </div>
                {openId !== null && <ItemPanel key={openId} id={openId} item={open} people={people} onCaret={setCaret} />}
            </main>
        </div>
    );
}

function NoItems({board: {loaded, error}}: {readonly board: Board}): ReactElement {
    if (error !== null) return <p className="wrong">This board could not be read: {error.message}</p>;
    if (!loaded) return <p className="hint late">Opening…</p>;
    return (
        <div className="empty">
            <p className="empty-title">Nothing here yet</p>
            <p>
                Add a first thing below: an idea, a task, something to bring. Share the link, and everybody who has it can
                add, vote and reorder, with a network or without.
            </p>
        </div>
    );
}
