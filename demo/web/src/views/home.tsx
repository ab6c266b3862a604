import {useEffect, useRef, useState, type FormEvent, type ReactElement} from 'react';
import type {Space} from 'syncline';
import {renameBoard} from '../actions';
import {randomId} from '../device';
import {boardTitle, mainId, type App} from '../model';
import {boardAddress, boardIn} from '../route';
import {useDevice} from '../store';
import {useAnnouncer} from '../ui/announce';
import {CommittedField} from '../ui/committed-field';
import {Icon} from '../ui/icons';
import {Inspector} from './inspector';
import {MemoryNotice} from './notices';
import {OnlineSwitch} from './online-switch';
import {ThisDevice} from './this-device';

export interface HomeProps {
    /** The address led nowhere, and so here. */
    readonly lost: boolean;
    /** It is not the page that the person came to first. */
    readonly fromWithin: boolean;
}

export function Home({lost, fromWithin}: HomeProps): ReactElement {
    const {name, rename} = useDevice();
    const heading = useRef<HTMLHeadingElement>(null);
    // The link that was followed is gone, and the focus with it.
    useEffect(() => {
        if (fromWithin) heading.current?.focus();
    }, [fromWithin]);
    return (
        <div className="home">
            <header className="home-header">
                <h1 ref={heading} className="home-title" tabIndex={-1}>
                    Boards
                </h1>
                <OnlineSwitch />
            </header>
            <main className="home-main">
                <p className="lead">
                    Lists to share with friends: plan, vote, tick off. They work without a network and come together when there is
                    one.
                </p>
                {lost && (
                    <p className="notice" role="alert">
                        That address leads to no board. If it is a friend’s link, check that you have all of it.
                    </p>
                )}
                <MemoryNotice />
                <BoardList />
                <NewBoard />
                <JoinBoard />
                <section className="home-section">
                    <label className="section-title" htmlFor="my-name">
                        Your name
                    </label>
                    <CommittedField id="my-name" className="field" label="Your name" value={name} onCommit={rename} />
                </section>
                <ThisDevice />
                <Inspector />
            </main>
        </div>
    );
}

function NewBoard(): ReactElement {
    const {store} = useDevice();
    const announcer = useAnnouncer();
    const [title, setTitle] = useState('');
    const submit = (event: FormEvent): void => {
        event.preventDefault();
        const text = title.trim();
        if (text === '') return;
        const id = randomId();
        store
            .space(id)
            .transact(renameBoard(text))
            .then(() => {
                location.hash = boardAddress(id);
            })
            .catch((error: Error) => announcer.show(`That did not work: ${error.message}`));
    };
    return (
        <form className="home-section" onSubmit={submit}>
            <label className="section-title" htmlFor="new-board">
                New board
            </label>
            <div className="field-row">
                <input
                    id="new-board"
                    className="field"
                    placeholder="What is it about?"
                    value={title}
                    maxLength={200}
                    autoComplete="off"
                    onChange={(event) => setTitle(event.target.value)}
                />
                <button type="submit" className="button button-main">
                    <Icon name="plus" />
                    <span>Make</span>
                </button>
            </div>
        </form>
    );
}

function JoinBoard(): ReactElement {
    const [link, setLink] = useState('');
    const [wrong, setWrong] = useState(false);
    const submit = (event: FormEvent): void => {
        event.preventDefault();
        const board = boardIn(link);
        setWrong(board === null);
        if (board !== null) location.hash = boardAddress(board);
    };
    return (
        <form className="home-section" onSubmit={submit}>
            <label className="section-title" htmlFor="join-board">
                Join a friend’s board
            </label>
            <div className="field-row">
                <input
                    id="join-board"
                    className="field"
                    placeholder="Paste the link"
                    value={link}
                    autoComplete="off"
                    aria-invalid={wrong}
                    aria-describedby={wrong ? 'join-wrong' : undefined}
                    onChange={(event) => setLink(event.target.value)}
                />
                <button type="submit" className="button">
                    Join
                </button>
            </div>
            {wrong && (
                <p id="join-wrong" className="wrong" role="alert">
                    This is no link to a board, and no name of one.
                </p>
            )}
        </form>
    );
}

interface Listed {
    readonly id: string;
    readonly title: string;
}

function BoardList(): ReactElement | null {
    const boards = useBoards();
    if (boards === null || boards.length === 0) return null;
    return (
        <nav aria-label="Your boards">
            <ul className="boards">
                {boards.map(({id, title}) => (
                    <li key={id}>
                        <a className="board-link" href={boardAddress(id)}>
                            {title === '' ? 'Untitled board' : title}
                        </a>
                    </li>
                ))}
            </ul>
        </nav>
    );
}

/** Null for a space with nothing in it: a link was followed that leads nowhere, or the board has not reached this device yet. */
async function listing(space: Space<App>): Promise<Listed | null> {
    const main = await space.document('board', mainId).load();
    if (main === undefined && !(await space.collections()).includes('items')) return null;
    return {id: space.name, title: boardTitle(main)};
}

/** The boards on this device by title, read once: a board's title changes on the board. */
function useBoards(): readonly Listed[] | null {
    const {store} = useDevice();
    const [boards, setBoards] = useState<readonly Listed[] | null>(null);
    useEffect(() => {
        let wanted = true;
        const read = async (): Promise<void> => {
            const ids = await store.spaces();
            const listed = await Promise.all(ids.map((id) => listing(store.space(id))));
            const there = listed.filter((board) => board !== null);
            if (wanted) setBoards(there.sort((a, b) => a.title.localeCompare(b.title)));
        };
        read().catch(() => wanted && setBoards([]));
        return () => {
            wanted = false;
        };
    }, [store]);
    return boards;
}
