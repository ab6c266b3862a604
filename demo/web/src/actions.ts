/** What people do on a board, each as one edit: one atomic change, one step of undo. */
import type {DocumentEditor, FieldsOf, ListSteps, Transaction} from 'syncline';
import {mainId, type App} from './model';

export type Edit = (tx: Transaction<App>) => void;

const main = (tx: Transaction<App>): DocumentEditor<FieldsOf<App, 'board'>> => tx.document('board', mainId);
const item = (tx: Transaction<App>, id: string): DocumentEditor<FieldsOf<App, 'items'>> => tx.document('items', id);

export function renameBoard(title: string): Edit {
    return (tx) => main(tx).set('title', title);
}

/** At the end of the list. */
export function addItem(id: string, title: string): Edit {
    return (tx) => {
        item(tx, id).set('title', title);
        main(tx).list('order').push(id);
    };
}

export function removeItem(id: string, order: readonly string[]): Edit {
    return (tx) => {
        item(tx, id).deleteDocument();
        eraseFrom(main(tx).list('order'), order, id, 0);
    };
}

/** Takes an id out of the list wherever it is behind `start`; two devices may have put it in. */
function eraseFrom(list: ListSteps, order: readonly string[], id: string, start: number): void {
    // From the back, so that erasing one does not change the place of the next.
    for (let at = order.length - 1; at >= start; --at) {
        if (order[at] === id) list.erase(at);
    }
}

export function renameItem(id: string, title: string): Edit {
    return (tx) => item(tx, id).set('title', title);
}

export function vote(id: string, amount: number): Edit {
    return (tx) => item(tx, id).counter('votes').add(amount);
}

export function setDone(id: string, done: boolean): Edit {
    return (tx) => {
        const flag = item(tx, id).flag('done');
        if (done) flag.enable();
        else flag.disable();
    };
}

export function addTag(id: string, tag: string): Edit {
    return (tx) => item(tx, id).setOf('tags').insert(tag);
}

export function removeTag(id: string, tag: string): Edit {
    return (tx) => item(tx, id).setOf('tags').erase(tag);
}

/**
 * So that the item is shown at `to`. The list may hold ids that are not shown, so the place is told by the item that
 * is shown behind it.
 */
export function moveItem(id: string, to: number, shown: readonly string[], order: readonly string[]): Edit {
    const next = shown.filter((other) => other !== id)[to];
    const from = order.indexOf(id);
    const rest = order.filter((other) => other !== id);
    const place = next === undefined ? -1 : rest.indexOf(next);
    const target = place < 0 ? rest.length : place;
    return (tx) => {
        const list = main(tx).list('order');
        eraseFrom(list, order, id, from + 1);
        if (from < 0) list.insert(target, id);
        else list.move(from, target);
    };
}

/** Tells the board who writes with this replica, for its history. */
export function introduce(replica: string, name: string): Edit {
    return (tx) => tx.document('people', replica).set('name', name);
}
