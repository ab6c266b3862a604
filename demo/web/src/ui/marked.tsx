import type {ReactElement} from 'react';
import {pieces, type Filter} from '../search';

/** Text with what was searched for marked. */
export function Marked({text, filter}: {readonly text: string; readonly filter: Filter}): ReactElement {
    return (
        <>
            {pieces(text, filter).map((piece, at) =>
                piece.found ? <mark key={at}>{piece.text}</mark> : <span key={at}>{piece.text}</span>,
            )}
        </>
    );
}
