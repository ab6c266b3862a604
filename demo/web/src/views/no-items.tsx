import type {ReactElement} from 'react';
import {useSyncStatus} from 'syncline/react';
import type {Board} from '../board';
import {useDevice} from '../store';
import {awaitedWords} from '../words';

/** What is said where the list would be: why there is nothing, and what to do about it. */
export function NoItems({board}: {readonly board: Board}): ReactElement {
    const {online} = useDevice();
    const status = useSyncStatus();
    if (board.error !== null) return <p className="wrong">This board could not be read: {board.error.message}</p>;
    if (!board.loaded) return <p className="hint late">Opening…</p>;
    if (board.known) {
        return (
            <Empty title="Nothing here yet">
                Add a first thing below: an idea, a task, something to bring. Share the link, and everybody who has it can add, vote
                and reorder, with a network or without.
            </Empty>
        );
    }
    const {title, text} = awaitedWords(status, online);
    return (
        <Empty title={title} late={!status.inSync}>
            {text}
        </Empty>
    );
}

interface EmptyProps {
    readonly title: string;
    /** It may be over in no time. */
    readonly late?: boolean;
    readonly children: string;
}

function Empty({title, late = false, children}: EmptyProps): ReactElement {
    return (
        <div className={late ? 'empty late' : 'empty'}>
            <h2 className="empty-title">{title}</h2>
            <p>{children}</p>
        </div>
    );
}
