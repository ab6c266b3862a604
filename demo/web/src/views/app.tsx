import {useEffect, useRef, type ReactElement} from 'react';
import {SynclineProvider} from '../hooks';
import {BoardProvider} from '../board';
import {useRoute} from '../route';
import {useDevice} from '../store';
import {BoardView} from './board-view';
import {Home} from './home';
import {UpdatePrompt} from './update-prompt';

/** One step of undo is one thing done, however fast they follow one another. */
const undoOptions = {mergeMs: 0} as const;

export function App(): ReactElement {
    const {store} = useDevice();
    const {board, item, lost} = useRoute();

    // Before anything is shown: which board, or none, the person came to first.
    const first = useRef(board);
    const left = useRef(false);
    if (board !== first.current) left.current = true;

    useEffect(() => {
        if (board === null) document.title = 'Boards';
    }, [board]);

    return (
        <>
            {board === null ? (
                <Home lost={lost} fromWithin={left.current} />
            ) : (
                <SynclineProvider key={board} space={store.space(board)} undo={undoOptions}>
                    <BoardProvider>
                        <BoardView openId={item} fromWithin={left.current} />
                    </BoardProvider>
                </SynclineProvider>
            )}
            <UpdatePrompt />
        </>
    );
}
