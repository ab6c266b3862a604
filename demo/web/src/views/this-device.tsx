import {useRef, type ReactElement} from 'react';
import {useDevice} from '../store';
import {useAnnouncer} from '../ui/announce';

const kept = {
    file: 'in a file',
    opfs: 'in a database file of this browser',
    indexeddb: 'in this browser’s storage, a little slower than it could be',
    memory: 'in memory only: it goes when the last tab is closed',
} as const;

const notErased = 'The boards could not be erased. Reload the page: they are still here.';

/** What is kept here, how to take it along, and how to leave nothing behind. */
export function ThisDevice(): ReactElement {
    const {store, evictable} = useDevice();
    const announcer = useAnnouncer();
    const dialog = useRef<HTMLDialogElement>(null);
    const save = async (): Promise<void> => {
        const bytes = await store.export();
        const url = URL.createObjectURL(new Blob([new Uint8Array(bytes)], {type: 'application/vnd.sqlite3'}));
        const link = document.createElement('a');
        link.href = url;
        link.download = 'boards.db';
        link.click();
        URL.revokeObjectURL(url);
    };
    // Then the page loads anew, by the store's event.
    const erase = (): Promise<void> => store.wipe();
    const attempt = (done: Promise<void>, failure: string): void => {
        done.catch((error: Error) => announcer.show(`${failure} (${error.message})`));
    };
    return (
        <section className="home-section" aria-labelledby="device-title">
            <h2 id="device-title" className="section-title">
                This device
            </h2>
            <p className="hint">
                Your boards are kept {kept[store.storage]}.
                {evictable && ' When it is short of room it may delete them; what was sent to the relay comes back by the board’s link.'}
            </p>
            <div className="field-row">
                <button type="button" className="button" onClick={() => attempt(save(), 'The copy could not be saved.')}>
                    Save a copy
                </button>
                <button type="button" className="button button-danger" onClick={() => dialog.current?.showModal()}>
                    Erase all boards
                </button>
            </div>
            <dialog ref={dialog} className="dialog" aria-labelledby="erase-title">
                <h2 id="erase-title">Erase all boards from this device?</h2>
                <p>What was sent to the relay stays there, and the links still work. What was not sent yet is lost.</p>
                <form method="dialog" className="field-row">
                    <button className="button">Cancel</button>
                    <button className="button button-danger" onClick={() => attempt(erase(), notErased)}>
                        Erase
                    </button>
                </form>
            </dialog>
        </section>
    );
}
