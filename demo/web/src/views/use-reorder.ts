/** Changing the order by hand: with a pointer on the handle, or by lifting a row with the keyboard. */
import {useEffect, useLayoutEffect, useRef, useState, type KeyboardEvent, type PointerEvent, type RefObject} from 'react';
import {moved, placeOf, stepAside, type Extent} from '../reorder';

export interface ReorderOptions {
    readonly ids: readonly string[];
    readonly titleOf: (id: string) => string;
    readonly onMove: (id: string, to: number) => void;
    readonly say: (text: string) => void;
}

export interface HandleProps {
    readonly 'aria-pressed': boolean;
    readonly onKeyDown: (event: KeyboardEvent<HTMLElement>) => void;
    readonly onBlur: (event: {readonly relatedTarget: EventTarget | null}) => void;
    readonly onPointerDown: (event: PointerEvent<HTMLElement>) => void;
    readonly onPointerMove: (event: PointerEvent<HTMLElement>) => void;
    readonly onPointerUp: () => void;
    readonly onPointerCancel: () => void;
}

export interface Reorder {
    /** The ids in the order to show, with a row that was lifted by keyboard where it is held. */
    readonly ids: readonly string[];
    readonly list: RefObject<HTMLOListElement | null>;
    readonly handle: (id: string) => HandleProps;
    /** How the row is to be drawn while something is dragged: shifted by so many pixels, or null. */
    readonly shift: (id: string) => number | null;
    readonly isHeld: (id: string) => boolean;
}

interface Held {
    readonly id: string;
    readonly to: number;
    /** Only when dragged by a pointer. */
    readonly drag: {readonly from: number; readonly startY: number; readonly by: number; readonly rows: readonly Extent[]} | null;
}

/** Below the head of the page, and above the field at its foot: so near to them the page scrolls. */
const edge = {top: 160, bottom: 120} as const;
const scrollStep = 8;

export function useReorder({ids, titleOf, onMove, say}: ReorderOptions): Reorder {
    const [held, setHeld] = useState<Held | null>(null);
    const list = useRef<HTMLOListElement>(null);
    const from = held === null ? -1 : ids.indexOf(held.id);

    // What is held was removed by somebody.
    useEffect(() => {
        if (held !== null && from < 0) setHeld(null);
    }, [held, from]);

    // A row that moves in the page loses the focus of its handle.
    useLayoutEffect(() => {
        if (held !== null && held.drag === null) handleOf(list.current, held.id)?.focus();
    }, [held]);

    // While something is dragged: the page scrolls as long as the pointer is near an edge, moved or not, and Escape puts it back.
    const pointerY = useRef(0);
    const dragging = held !== null && held.drag !== null;
    useEffect(() => {
        if (!dragging) return;
        const follow = (): void =>
            setHeld((now) => {
                if (now === null || now.drag === null) return now;
                const by = pointerY.current + scrollY - now.drag.startY;
                return by === now.drag.by ? now : {...now, to: placeOf(now.drag.rows, now.drag.from, by), drag: {...now.drag, by}};
            });
        let frame = requestAnimationFrame(function step() {
            if (pointerY.current < edge.top) scrollBy(0, -scrollStep);
            if (pointerY.current > innerHeight - edge.bottom) scrollBy(0, scrollStep);
            follow();
            frame = requestAnimationFrame(step);
        });
        const onKey = (event: globalThis.KeyboardEvent): void => {
            if (event.key !== 'Escape') return;
            event.preventDefault();
            setHeld(null);
        };
        addEventListener('keydown', onKey);
        return () => {
            cancelAnimationFrame(frame);
            removeEventListener('keydown', onKey);
        };
    }, [dragging]);

    const drop = (): void => {
        if (held !== null && from >= 0 && held.to !== from) onMove(held.id, held.to);
        setHeld(null);
    };
    const sayPlace = (word: string, id: string, at: number): void => say(`${titleOf(id)}: ${word} ${at + 1} of ${ids.length}`);

    const onKeyDown = (id: string, event: KeyboardEvent<HTMLElement>): void => {
        const at = ids.indexOf(id);
        if (event.key === ' ' || event.key === 'Enter') {
            event.preventDefault();
            if (held === null) {
                setHeld({id, to: at, drag: null});
                say(`Lifted ${titleOf(id)}, place ${at + 1} of ${ids.length}. Arrow keys move it, Space drops it, Escape puts it back.`);
            } else {
                drop();
                sayPlace('dropped at place', id, held.to);
            }
            return;
        }
        if (held === null || held.id !== id) return;
        if (event.key === 'Escape') {
            event.preventDefault();
            event.stopPropagation();
            setHeld(null);
            sayPlace('put back to place', id, at);
            return;
        }
        const to = target(event.key, held.to, ids.length);
        if (to === null) return;
        event.preventDefault();
        setHeld({...held, to});
        sayPlace('place', id, to);
    };

    const handle = (id: string): HandleProps => ({
        'aria-pressed': held?.id === id,
        onKeyDown: (event) => onKeyDown(id, event),
        onBlur: ({relatedTarget}) => {
            // To somewhere else, and not because the row moved in the page.
            if (held?.id === id && held.drag === null && relatedTarget !== null) drop();
        },
        onPointerDown: (event) => {
            if (event.button !== 0 || list.current === null) return;
            event.currentTarget.setPointerCapture(event.pointerId);
            const rows = [...list.current.children].map((row) => {
                const {top, height} = row.getBoundingClientRect();
                return {top: top + scrollY, height};
            });
            pointerY.current = event.clientY;
            setHeld({id, to: ids.indexOf(id), drag: {from: ids.indexOf(id), startY: event.clientY + scrollY, by: 0, rows}});
        },
        onPointerMove: (event) => {
            if (held?.drag == null || held.id !== id) return;
            pointerY.current = event.clientY;
            const by = event.clientY + scrollY - held.drag.startY;
            setHeld({id, to: placeOf(held.drag.rows, held.drag.from, by), drag: {...held.drag, by}});
        },
        onPointerUp: () => {
            if (held?.drag == null) return;
            drop();
            if (held.to !== from) sayPlace('dropped at place', id, held.to);
        },
        onPointerCancel: () => setHeld(null),
    });

    const shift = (id: string): number | null => {
        if (held?.drag == null) return null;
        if (id === held.id) return held.drag.by;
        return stepAside(ids.indexOf(id), from, held.to) * (held.drag.rows[from]?.height ?? 0);
    };

    return {
        ids: held !== null && held.drag === null && from >= 0 ? moved(ids, from, held.to) : ids,
        list,
        handle,
        shift,
        isHeld: (id) => held?.id === id,
    };
}

function target(key: string, at: number, count: number): number | null {
    switch (key) {
        case 'ArrowUp':
            return Math.max(0, at - 1);
        case 'ArrowDown':
            return Math.min(count - 1, at + 1);
        case 'Home':
            return 0;
        case 'End':
            return count - 1;
        default:
            return null;
    }
}

function handleOf(list: HTMLOListElement | null, id: string): HTMLElement | null {
    return list?.querySelector<HTMLElement>(`[data-handle="${CSS.escape(id)}"]`) ?? null;
}
