import {useRef, type ReactElement} from 'react';
import {useBoard} from '../board';
import {untitled} from '../model';
import type {Person} from '../people';
import {itemAddress} from '../route';
import {useDevice} from '../store';
import {Avatar} from '../ui/avatar';
import {CommittedField} from '../ui/committed-field';

const seenMax = 3;

/** Who is here: this person, and the others who have the board open. Pressed it tells their names, and where they are. */
export function People({people}: {readonly people: readonly Person[]}): ReactElement {
    const {store, name} = useDevice();
    const dialog = useRef<HTMLDialogElement>(null);
    const others = people.filter((person) => person.replica !== store.replica);
    const more = others.length - seenMax;
    return (
        <>
            <button
                type="button"
                className="people"
                aria-haspopup="dialog"
                title="Who is here"
                onClick={() => {
                    dialog.current?.showModal();
                    dialog.current?.focus(); // and not its field: on a phone that brings up the keyboard
                }}
            >
                <span className="visually-hidden">
                    Who is here: {[`${name} (you)`, ...others.map((person) => person.name)].join(', ')}
                </span>
                <span className={others.length === 0 ? 'faces' : 'faces faces-several'} aria-hidden="true">
                    <Avatar name={name} replica={store.replica} you />
                    {others.slice(0, seenMax).map((person) => (
                        <Avatar key={person.key} name={person.name} replica={person.replica} />
                    ))}
                    {more > 0 && <span className="avatar avatar-more">+{more}</span>}
                </span>
            </button>
            <dialog ref={dialog} className="dialog" aria-labelledby="people-title" tabIndex={-1}>
                <h2 id="people-title">Who is here</h2>
                <OwnName />
                <Others others={others} onLeave={() => dialog.current?.close()} />
                <form method="dialog" className="field-row">
                    <button className="button">Close</button>
                </form>
            </dialog>
        </>
    );
}

/** As others see it. */
function OwnName(): ReactElement {
    const {store, name, rename} = useDevice();
    return (
        <div className="people-row">
            <Avatar name={name} replica={store.replica} you />
            <CommittedField className="field" label="Your name, as others see it" value={name} onCommit={rename} />
            <span className="hint">you</span>
        </div>
    );
}

interface OthersProps {
    readonly others: readonly Person[];
    readonly onLeave: () => void;
}

function Others({others, onLeave}: OthersProps): ReactElement {
    const board = useBoard();
    if (others.length === 0) return <p>Nobody else at the moment. Share the link, and you see here who comes.</p>;
    return (
        <ul className="people-list" aria-label="Others">
            {others.map((person) => {
                const item = board.items.find(({id}) => id === person.item);
                return (
                    <li key={person.key} className="people-row">
                        <span aria-hidden="true">
                            <Avatar name={person.name} replica={person.replica} />
                        </span>
                        <span className="people-name" dir="auto">
                            {person.name}
                        </span>
                        {item !== undefined && (
                            <a className="people-item" href={itemAddress(board.id, item.id)} onClick={onLeave}>
                                {item.title || untitled}
                            </a>
                        )}
                    </li>
                );
            })}
        </ul>
    );
}
