/** The board that is open, for the views on it. Below a <SynclineProvider>. */
import {createContext, useCallback, useContext, useEffect, useMemo, type ReactElement, type ReactNode} from 'react';
import {introduce, type Edit} from './actions';
import {useConflicts, type Conflicts} from './conflicts';
import {useCollection, useDocument, useSpace, useUndo} from './hooks';
import {boardTitle, itemsInOrder, listedOrder, mainId, type Item} from './model';
import {useDevice} from './store';
import {useAnnouncer} from './ui/announce';

export interface Board {
    readonly id: string;
    readonly title: string;
    /** As shown. */
    readonly items: readonly Item[];
    /** As listed; see {@link listedOrder}. */
    readonly order: readonly string[];
    readonly loaded: boolean;
    /** Somebody named it or put something on it. False too for a board that has not reached this device yet. */
    readonly known: boolean;
    /** Why it could not be read. */
    readonly error: Error | null;
    /** Titles that lost, by item. */
    readonly conflicts: Conflicts;
    /** Of everybody who wrote here, by replica. */
    readonly names: ReadonlyMap<string, string>;
    readonly canUndo: boolean;
    readonly canRedo: boolean;
    /** Does it as one step of undo, and says `said` when it is done. What goes wrong is shown. */
    perform(edit: Edit, said?: string): void;
    undo(): void;
    redo(): void;
}

const BoardContext = createContext<Board | null>(null);

export function useBoard(): Board {
    const board = useContext(BoardContext);
    if (board === null) throw new Error('useBoard() outside of <BoardProvider>');
    return board;
}

export function BoardProvider({children}: {readonly children: ReactNode}): ReactElement {
    const space = useSpace();
    const announcer = useAnnouncer();
    const main = useDocument('board', mainId);
    const {entries, loaded, error} = useCollection('items');
    const {canUndo, canRedo, transact, undo, redo} = useUndo();

    const order = useMemo(() => listedOrder(main.value), [main.value]);
    const items = useMemo(() => itemsInOrder(order, entries), [order, entries]);
    const title = boardTitle(main.value);
    const conflicts = useConflicts(items);
    const known = title !== '' || items.length > 0;
    const names = useNames(known);

    const attempt = useCallback(
        (done: Promise<unknown>) => {
            done.catch((error: Error) => announcer.show(`That did not work: ${error.message}`));
        },
        [announcer],
    );
    const perform = useCallback(
        (edit: Edit, said?: string) => {
            announcer.clear(); // what it offers to undo is no longer the last thing done
            attempt(transact(edit).then(() => said !== undefined && announcer.say(said)));
        },
        [attempt, transact, announcer],
    );
    const undoOne = useCallback(() => {
        attempt(undo().then((done) => announcer.say(done ? 'Undone' : 'Nothing to undo')));
    }, [attempt, undo, announcer]);
    const redoOne = useCallback(() => {
        attempt(redo().then((done) => announcer.say(done ? 'Done again' : 'Nothing to redo')));
    }, [attempt, redo, announcer]);

    const board = useMemo<Board>(
        () => ({
            id: space.name,
            title,
            items,
            order,
            loaded: loaded && main.loaded,
            known,
            error: error ?? main.error,
            conflicts,
            names,
            canUndo,
            canRedo,
            perform,
            undo: undoOne,
            redo: redoOne,
        }),
        [space, title, items, order, loaded, main.loaded, known, error, main.error, conflicts, names, canUndo, canRedo, perform, undoOne, redoOne],
    );
    return <BoardContext value={board}>{children}</BoardContext>;
}

/** The names of all, and this device's own written where it is new; not on a board that there may not be: a look at it would make it. */
function useNames(exists: boolean): ReadonlyMap<string, string> {
    const space = useSpace();
    const {store, name} = useDevice();
    const {entries, loaded} = useCollection('people');
    const names = useMemo(
        () => new Map(entries.map(([id, value]) => [id, typeof value['name'] === 'string' ? value['name'] : ''])),
        [entries],
    );
    const known = names.get(store.replica);
    useEffect(() => {
        if (!exists || !loaded || known === name) return;
        // Beside the undo stack: nobody wants to undo their name. Where it may not be written, it is not.
        space.transact(introduce(store.replica, name)).catch(() => undefined);
    }, [space, store, name, known, loaded, exists]);
    return names;
}
