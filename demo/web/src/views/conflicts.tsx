import type {ReactElement} from 'react';
import {renameItem} from '../actions';
import {useBoard} from '../board';
import {untitled, type Item} from '../model';
import {Icon} from '../ui/icons';

/** Titles that were written at the same time as the one shown, each one click away. */
export function Conflicts({item}: {readonly item: Item}): ReactElement | null {
    const board = useBoard();
    const lost = board.conflicts.get(item.id) ?? [];
    if (lost.length === 0) return null;
    const shown = item.title || untitled;
    return (
        <section className="conflict" aria-labelledby="conflict-title">
            <h3 id="conflict-title" className="conflict-title">
                <Icon name="both" />
                {lost.length === 1 ? 'Two titles at once' : `${lost.length + 1} titles at once`}
            </h3>
            <p>They were written without knowing of each other. The latest is shown; nothing is lost.</p>
            <ul className="conflict-list">
                <li>
                    <span className="conflict-text" dir="auto">{shown}</span>
                    <button
                        type="button"
                        className="button button-small"
                        aria-label={`Keep ${shown}`}
                        onClick={() => board.perform(renameItem(item.id, item.title), `Kept ${shown}`)}
                    >
                        Keep
                    </button>
                </li>
                {lost.map((title) => (
                    <li key={title}>
                        <span className="conflict-text" dir="auto">{title}</span>
                        <button
                            type="button"
                            className="button button-small"
                            aria-label={`Use this: ${title}`}
                            onClick={() => board.perform(renameItem(item.id, title), `The title is ${title}`)}
                        >
                            Use this
                        </button>
                    </li>
                ))}
            </ul>
        </section>
    );
}
