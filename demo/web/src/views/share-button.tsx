import type {ReactElement} from 'react';
import {useBoard} from '../board';
import {boardAddress} from '../route';
import {useAnnouncer} from '../ui/announce';
import {Icon} from '../ui/icons';

/** Where sharing is a sheet of the system. */
function isPhone(): boolean {
    return matchMedia('(pointer: coarse)').matches;
}

export function ShareButton(): ReactElement {
    const board = useBoard();
    const announcer = useAnnouncer();
    const share = async (): Promise<void> => {
        const url = new URL(boardAddress(board.id), location.href).href;
        try {
            if (isPhone() && navigator.share !== undefined) {
                await navigator.share({url, title: board.title});
                return;
            }
            await navigator.clipboard.writeText(url);
            announcer.show('The link is copied. Whoever has it can join.');
        } catch (error) {
            if (error instanceof DOMException && error.name === 'AbortError') return; // they changed their mind
            announcer.show(`Share this link: ${url}`);
        }
    };
    return (
        <button type="button" className="button button-share" onClick={() => void share()}>
            <Icon name="share" />
            <span>Share</span>
        </button>
    );
}
