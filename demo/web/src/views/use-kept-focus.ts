import {useLayoutEffect, useRef, type FocusEvent, type RefObject} from 'react';

export interface KeptFocus {
    readonly onFocus: (event: FocusEvent<HTMLElement>) => void;
    readonly onBlur: () => void;
}

interface Place {
    readonly row: number;
    /** Which of the row's controls. */
    readonly control: number;
}

const controls = 'button, input, a[href]';

/**
 * Keeps the focus in a list whose row with the focus goes: ticked off while only open ones are shown, or removed by somebody. It goes
 * to the same control of the row that took the place.
 *
 * @param list its children are the rows
 * @param ids of the rows; asked again when they change
 * @returns what the list is given, to tell what gets and loses the focus in it
 */
export function useKeptFocus(list: RefObject<HTMLElement | null>, ids: readonly string[]): KeptFocus {
    const last = useRef<(Place & {readonly element: Element}) | null>(null);
    useLayoutEffect(() => {
        const was = last.current;
        if (was === null || was.element.isConnected) return;
        last.current = null;
        if (document.activeElement !== document.body) return; // it went elsewhere
        const rows = list.current?.children ?? [];
        const row = rows[Math.min(was.row, rows.length - 1)];
        const found = row?.querySelectorAll<HTMLElement>(controls);
        found?.[Math.min(was.control, found.length - 1)]?.focus();
    }, [list, ids]);
    return {
        onFocus: ({target}) => {
            const rows = [...(list.current?.children ?? [])];
            const row = rows.findIndex((one) => one.contains(target));
            const control = row < 0 ? -1 : [...(rows[row]?.querySelectorAll(controls) ?? [])].indexOf(target);
            last.current = control < 0 ? null : {row, control, element: target};
        },
        // React is silent about a focus that is lost because the row goes: this one was moved.
        onBlur: () => {
            last.current = null;
        },
    };
}
