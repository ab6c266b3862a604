import {useEffect, useMemo, useRef, type ReactElement} from 'react';
import {useBoard} from '../board';
import {tagsOf} from '../model';
import {everything, isNarrow, type Filter} from '../search';
import {useAnnouncer} from '../ui/announce';
import {Icon} from '../ui/icons';

export interface NarrowingProps {
    readonly filter: Filter;
    readonly onChange: (filter: Filter) => void;
    /** How many items fit. */
    readonly found: number;
}

export const searchFieldId = 'search-items';

const tagsMax = 8;

/** Search by words, by a tag, and by what is open. */
export function Narrowing({filter, onChange, found}: NarrowingProps): ReactElement {
    const board = useBoard();
    const announcer = useAnnouncer();
    const field = useRef<HTMLInputElement>(null);
    const tags = useMemo(() => {
        const most = tagsOf(board.items).slice(0, tagsMax);
        // The one that narrows the list stays, so that it can be let go.
        return filter.tag === null || most.includes(filter.tag) ? most : [filter.tag, ...most];
    }, [board.items, filter.tag]);
    const narrow = isNarrow(filter);

    useEffect(() => {
        if (narrow) announcer.say(found === 1 ? '1 item fits' : `${found} items fit`);
    }, [narrow, found, announcer]);
    useEffect(() => {
        const onKey = (event: KeyboardEvent): void => {
            const target = event.composedPath()[0];
            const typing = target instanceof HTMLElement && (target.matches('input, textarea') || target.isContentEditable);
            if (event.key !== '/' || typing) return;
            event.preventDefault();
            field.current?.focus();
        };
        addEventListener('keydown', onKey);
        return () => removeEventListener('keydown', onKey);
    }, []);

    return (
        <div className="narrowing" role="search">
            <div className="search">
                <Icon name="search" />
                <input
                    ref={field}
                    id={searchFieldId}
                    type="search"
                    dir="auto"
                    className="search-field"
                    aria-label="Search titles, notes and tags"
                    placeholder="Search"
                    value={filter.words}
                    onChange={(event) => onChange({...filter, words: event.target.value})}
                    onKeyDown={(event) => {
                        if (event.key === 'Escape' && narrow) onChange(everything);
                    }}
                />
                {filter.words !== '' && (
                    <button
                        type="button"
                        className="button button-quiet button-icon search-clear"
                        aria-label="Clear the search"
                        onClick={() => {
                            onChange({...filter, words: ''});
                            field.current?.focus();
                        }}
                    >
                        <Icon name="close" />
                    </button>
                )}
            </div>
            <div className="chips" role="group" aria-label="Narrow the list">
                <Chip on={filter.open} onClick={() => onChange({...filter, open: !filter.open})}>
                    Open only
                </Chip>
                {tags.map((tag) => (
                    <Chip
                        key={tag}
                        on={filter.tag === tag}
                        onClick={() => onChange({...filter, tag: filter.tag === tag ? null : tag})}
                    >
                        {tag}
                    </Chip>
                ))}
            </div>
        </div>
    );
}

interface ChipProps {
    readonly on: boolean;
    readonly onClick: () => void;
    readonly children: string;
}

function Chip({on, onClick, children}: ChipProps): ReactElement {
    return (
        <button type="button" className="chip" title={children} aria-pressed={on} onClick={onClick}>
            {children}
        </button>
    );
}
