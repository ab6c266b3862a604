import type {ReactElement} from 'react';
import {setDone, vote} from '../actions';
import {useBoard} from '../board';
import {untitled, type Item} from '../model';
import type {Person} from '../people';
import {itemAddress} from '../route';
import type {Filter} from '../search';
import {Avatar} from '../ui/avatar';
import {Icon} from '../ui/icons';
import {Marked} from '../ui/marked';
import {votes} from '../words';
import type {HandleProps} from './use-reorder';

export interface ItemRowProps {
    readonly item: Item;
    readonly filter: Filter;
    readonly open: boolean;
    readonly held: boolean;
    readonly shift: number | null;
    readonly handle: HandleProps | null;
    /** Who else has it open. */
    readonly here: readonly Person[];
}

export function ItemRow({item, filter, open, held, shift, handle, here}: ItemRowProps): ReactElement {
    const board = useBoard();
    const conflicts = board.conflicts.get(item.id) ?? [];
    const title = item.title === '' ? untitled : item.title;
    const state = `${held ? ' item-held' : ''}${open ? ' item-open' : ''}${item.done ? ' item-done' : ''}`;
    const notes = item.notes.split('\n', 1)[0] ?? '';
    const style = shift === null ? undefined : {transform: `translateY(${shift}px)`};
    return (
        <li className={`item${state}${shift === null ? '' : ' item-dragging'}`} style={style}>
            {handle !== null ? (
                <button
                    type="button"
                    className="handle"
                    data-handle={item.id}
                    aria-label={`Move ${title}`}
                    aria-describedby="move-help"
                    {...handle}
                >
                    <Icon name="grip" />
                </button>
            ) : (
                <span className="handle-gap" />
            )}
            <label className="tick">
                <input
                    type="checkbox"
                    checked={item.done}
                    aria-label={`${title}: done`}
                    onChange={() => board.perform(setDone(item.id, !item.done), item.done ? `${title} is open` : `${title} is done`)}
                />
                <span className="tick-box" aria-hidden="true">
                    <Icon name="check" />
                </span>
            </label>
            <a
                id={`open-${item.id}`}
                className="item-link"
                href={itemAddress(board.id, item.id)}
                aria-current={open ? 'true' : undefined}
            >
                <span className="item-title" dir="auto">
                    <Marked text={title} filter={filter} />
                </span>
                {notes !== '' && (
                    <span className="item-notes" dir="auto">
                        <Marked text={notes} filter={filter} />
                    </span>
                )}
                {(item.tags.length > 0 || conflicts.length > 0 || here.length > 0) && (
                    <span className="item-facts">
                        {conflicts.length > 0 && (
                            <span className="fact fact-conflict">
                                <Icon name="both" />
                                {conflicts.length + 1} titles
                            </span>
                        )}
                        {item.tags.map((tag) => (
                            <span key={tag} className="tag" dir="auto">
                                <Marked text={tag} filter={filter} />
                            </span>
                        ))}
                        {here.map((person) => (
                            <Avatar key={person.key} name={person.name} replica={person.replica} small />
                        ))}
                    </span>
                )}
            </a>
            <button
                type="button"
                className="vote"
                aria-label={`Vote for ${title}, ${item.votes} so far`}
                onClick={() => board.perform(vote(item.id, 1), `${title}: ${votes(item.votes + 1)}`)}
            >
                <Icon name="up" />
                <span>{item.votes}</span>
            </button>
        </li>
    );
}
