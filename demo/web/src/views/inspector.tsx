import {useEffect, useRef, useState, type ReactElement} from 'react';
import {useDevice} from '../store';
import {useAnnouncer} from '../ui/announce';

/** What the library knows: documents, pending changes, the version vector, traffic. Loaded when it is asked for. */
export function Inspector(): ReactElement {
    const {store} = useDevice();
    const announcer = useAnnouncer();
    const host = useRef<HTMLDivElement>(null);
    const [open, setOpen] = useState(false);
    useEffect(() => {
        if (!open) return;
        let wanted = true;
        import('syncline/inspector')
            .then(() => {
                if (!wanted) return;
                const panel = document.createElement('syncline-inspector');
                panel.store = store;
                host.current?.replaceChildren(panel);
            })
            .catch(() => announcer.show('This could not be fetched. Try again when there is a network.'));
        const shown = host.current;
        return () => {
            wanted = false;
            shown?.replaceChildren();
        };
    }, [open, store, announcer]);
    return (
        <section className="home-section" aria-label="Inspector">
            <button type="button" className="button button-quiet button-start" aria-expanded={open} onClick={() => setOpen(!open)}>
                Look inside
            </button>
            <div ref={host} className="inspector" hidden={!open} />
        </section>
    );
}
