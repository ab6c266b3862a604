import {useEffect, useRef, useState, type ReactElement} from 'react';
import type {Caret} from 'syncline/codemirror';
import {removeItem, renameItem, setDone, vote} from '../actions';
import {useBoard} from '../board';
import {untitled, type Item} from '../model';
import type {Person} from '../people';
import {boardAddress, leaveItem} from '../route';
import {useAnnouncer} from '../ui/announce';
import {CommittedTitle} from '../ui/committed-field';
import {Icon} from '../ui/icons';
import {votes} from '../words';
import {Conflicts} from './conflicts';
import {History} from './history';
import {Notes} from './notes';
import {Tags} from './tags';

export interface ItemPanelProps {
    readonly id: string;
    /** Undefined: not here yet, or removed. */
    readonly item: Item | undefined;
    readonly people: readonly Person[];
    /** Where this person is in the notes. */
    readonly onCaret: (caret: Caret | null) => void;
}

/** One item with all that is in it: beside the list where there is room, else in its place. */
export function ItemPanel({id, item, people, onCaret}: ItemPanelProps): ReactElement {
    const board = useBoard();
    const panel = useRef<HTMLElement>(null);
    const title = item === undefined || item.title === '' ? untitled : item.title;

    useEffect(() => panel.current?.focus(), []);

    return (
        <section
            ref={panel}
            className="panel"
            aria-label={`Item: ${title}`}
            tabIndex={-1}
            onKeyDown={(event) => {
                if (event.key === 'Escape' && !event.defaultPrevented) leaveItem(board.id);
            }}
        >
            <a
                className="button button-quiet button-icon panel-close"
                href={boardAddress(board.id)}
                aria-label="Close this item"
                onClick={(event) => {
                    event.preventDefault();
                    leaveItem(board.id);
                }}
            >
                <Icon name="close" />
            </a>
            {item !== undefined ? (
                <ItemDetails item={item} people={people.filter((person) => person.item === id)} onCaret={onCaret} />
            ) : (
                board.loaded && (
                    <p className="hint panel-gone">
                        This item is not on the board. Somebody may have removed it; Undo brings back what you removed.
                    </p>
                )
            )}
        </section>
    );
}

function ItemDetails({item, people, onCaret}: Omit<ItemPanelProps, 'id'> & {readonly item: Item}): ReactElement {
    const board = useBoard();
    const announcer = useAnnouncer();
    const [history, setHistory] = useState(false);
    const remove = (): void => {
        board.perform(removeItem(item.id, board.order));
        announcer.show(`Removed ${item.title || untitled}`, {label: 'Bring it back', run: board.undo});
        announcer.say(`Removed ${item.title || untitled}. Undo brings it back.`);
        leaveItem(board.id);
    };
    return (
        <>
            <h2 className="visually-hidden">{item.title || untitled}</h2>
            <CommittedTitle
                className="field-title field-title-item"
                label="Title"
                value={item.title}
                placeholder={untitled}
                onCommit={(title) => board.perform(renameItem(item.id, title), 'Title changed')}
            />
            <Conflicts item={item} />
            {people.length > 0 && (
                <p className="hint">
                    {people.map(({name}) => name).join(', ')} {people.length === 1 ? 'is' : 'are'} here, too.
                </p>
            )}
            <div className="panel-row">
                <label className="tick tick-labelled">
                    <input
                        type="checkbox"
                        checked={item.done}
                        onChange={() => board.perform(setDone(item.id, !item.done), item.done ? 'Open' : 'Done')}
                    />
                    <span className="tick-box" aria-hidden="true">
                        <Icon name="check" />
                    </span>
                    Done
                </label>
                <div className="votes" role="group" aria-label="Votes">
                    <button
                        type="button"
                        className="button button-quiet button-icon"
                        aria-label="Take a vote back"
                        onClick={() => board.perform(vote(item.id, -1), votes(item.votes - 1))}
                    >
                        <Icon name="down" />
                    </button>
                    <span className="votes-count">{votes(item.votes)}</span>
                    <button
                        type="button"
                        className="button button-quiet button-icon"
                        aria-label="Vote for it"
                        onClick={() => board.perform(vote(item.id, 1), votes(item.votes + 1))}
                    >
                        <Icon name="up" />
                    </button>
                </div>
            </div>
            <Tags item={item} />
            <Notes item={item} onCaret={onCaret} />
            <div className="panel-foot">
                <button type="button" className="button button-quiet" aria-expanded={history} onClick={() => setHistory(!history)}>
                    History
                </button>
                <button type="button" className="button button-quiet button-danger" onClick={remove}>
                    Remove
                </button>
            </div>
            {history && <History item={item} />}
        </>
    );
}
