import {useEffect, type ReactElement} from 'react';
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
    const {board, item} = useRoute();

    useEffect(() => {
        if (board === null) document.title = 'Boards';
    }, [board]);

    return (
        <>
            {board === null ? (
                <Home />
            ) : (
                <SynclineProvider key={board} space={store.space(board)} undo={undoOptions}>
                    <BoardProvider>
                        <BoardView openId={item} />
                    </BoardProvider>
                </SynclineProvider>
            )}
            <UpdatePrompt />
        </>
    );
}
