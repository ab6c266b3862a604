import type {ReactElement} from 'react';
import {useBoard} from '../board';
import {boardAddress} from '../route';
import {useAnnouncer} from '../ui/announce';
import {Icon} from '../ui/icons';

export function ShareButton(): ReactElement {
    const board = useBoard();
    const announcer = useAnnouncer();
    const share = async (): Promise<void> => {
        const url = new URL(boardAddress(board.id), location.href).href;
        try {
            await navigator.clipboard.writeText(url);
            announcer.show('The link is copied. Whoever has it can join.');
        } catch {
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
