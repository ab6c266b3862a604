import {useMemo, type ReactElement} from 'react';
import {moveItem} from '../actions';
import {useBoard} from '../board';
import {untitled, type Item} from '../model';
import type {Person} from '../people';
import type {Filter} from '../search';
import {useAnnouncer} from '../ui/announce';
import {ItemRow} from './item-row';
import {useKeptFocus} from './use-kept-focus';
import {useReorder} from './use-reorder';

export interface ItemListProps {
    readonly items: readonly Item[];
    readonly filter: Filter;
    /** False while only some are shown: a place among them says nothing about the others. */
    readonly movable: boolean;
    readonly people: readonly Person[];
    readonly openId: string | null;
}

export function ItemList({items, filter, movable, people, openId}: ItemListProps): ReactElement | null {
    const board = useBoard();
    const announcer = useAnnouncer();
    const byId = useMemo(() => new Map(items.map((item) => [item.id, item])), [items]);
    const ids = useMemo(() => items.map(({id}) => id), [items]);
    const reorder = useReorder({
        ids,
        titleOf: (id) => byId.get(id)?.title || untitled,
        onMove: (id, to) => board.perform(moveItem(id, to, ids, board.order)),
        say: announcer.say,
    });

    const keptFocus = useKeptFocus(reorder.list, ids);

    if (items.length === 0) return null;
    return (
        <>
            <p className="visually-hidden" id="move-help">
                Press Space to lift, arrow keys to move, Space to drop, Escape to put back.
            </p>
            <ol className="items" ref={reorder.list} aria-label="Items" {...keptFocus}>
                {reorder.ids.map((id) => {
                    const item = byId.get(id);
                    if (item === undefined) return null;
                    return (
                        <ItemRow
                            key={id}
                            item={item}
                            filter={filter}
                            open={id === openId}
                            held={reorder.isHeld(id)}
                            shift={reorder.shift(id)}
                            handle={movable ? reorder.handle(id) : null}
                            here={people.filter((person) => person.item === id)}
                        />
                    );
                })}
            </ol>
        </>
    );
}
