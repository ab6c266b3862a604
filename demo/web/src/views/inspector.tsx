import {useEffect, useRef, useState, type ReactElement} from 'react';
import {useDevice} from '../store';

/** What the library knows: documents, pending changes, the version vector, traffic. Loaded when it is asked for. */
export function Inspector(): ReactElement {
    const {store} = useDevice();
    const host = useRef<HTMLDivElement>(null);
    const [open, setOpen] = useState(false);
    useEffect(() => {
        if (!open) return;
        let wanted = true;
        void import('syncline/inspector').then(() => {
            if (!wanted) return;
            const panel = document.createElement('syncline-inspector');
            panel.store = store;
            host.current?.replaceChildren(panel);
        });
        const shown = host.current;
        return () => {
            wanted = false;
            shown?.replaceChildren();
        };
    }, [open, store]);
    return (
        <section className="home-section" aria-label="Inspector">
            <button type="button" className="button button-quiet button-start" aria-expanded={open} onClick={() => setOpen(!open)}>
                Look inside
            </button>
            <div ref={host} className="inspector" hidden={!open} />
        </section>
    );
}
