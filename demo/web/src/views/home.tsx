import {useEffect, useState, type FormEvent, type ReactElement} from 'react';
import {renameBoard} from '../actions';
import {randomId} from '../device';
import {boardTitle, mainId} from '../model';
import {boardAddress, boardIn} from '../route';
import {useDevice} from '../store';
import {useAnnouncer} from '../ui/announce';
import {CommittedField} from '../ui/committed-field';
import {Icon} from '../ui/icons';
import {Inspector} from './inspector';
import {OnlineSwitch} from './online-switch';
import {ThisDevice} from './this-device';

export function Home(): ReactElement {
    const {name, rename} = useDevice();
    return (
        <div className="home">
            <header className="home-header">
                <h1>Boards</h1>
                <OnlineSwitch />
            </header>
            <main className="home-main">
                <p className="lead">
                    Lists to share with friends: plan, vote, tick off. They work without a network and come together when there is
                    one.
                </p>
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

/** The boards on this device by title, read once: a board's title changes on the board. */
function useBoards(): readonly Listed[] | null {
    const {store} = useDevice();
    const [boards, setBoards] = useState<readonly Listed[] | null>(null);
    useEffect(() => {
        let wanted = true;
        const read = async (): Promise<void> => {
            const ids = await store.spaces();
            const listed = await Promise.all(
                ids.map(async (id) => ({id, title: boardTitle(await store.space(id).document('board', mainId).load())})),
            );
            if (wanted) setBoards(listed.sort((a, b) => a.title.localeCompare(b.title)));
        };
        read().catch(() => wanted && setBoards([]));
        return () => {
            wanted = false;
        };
    }, [store]);
    return boards;
}
