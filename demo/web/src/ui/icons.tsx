import type {ReactElement} from 'react';

const shapes = {
    back: 'M15 5l-7 7 7 7',
    close: 'M6 6l12 12M18 6L6 18',
    undo: 'M9 14L4 9l5-5M4 9h10.5a5.5 5.5 0 0 1 0 11H11',
    redo: 'M15 14l5-5-5-5M20 9H9.5a5.5 5.5 0 0 0 0 11H13',
    grip: 'M9 6h.01M15 6h.01M9 12h.01M15 12h.01M9 18h.01M15 18h.01',
    check: 'M5 12.5l4.5 4.5L19 7.5',
    up: 'M12 19V6M6 11.5L12 5.5l6 6',
    down: 'M12 5v13M6 12.5l6 6 6-6',
    plus: 'M12 5v14M5 12h14',
    search: 'M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM16 16l4.5 4.5',
    share: 'M12 15V4M8 7.5L12 3.5l4 4M5 12v6.5A1.5 1.5 0 0 0 6.5 20h11a1.5 1.5 0 0 0 1.5-1.5V12',
    both: 'M9 9h11v11H9zM4.5 15V4h11',
} as const;

export type IconName = keyof typeof shapes;

/** Decoration: what it means is said by the text or label beside it. */
export function Icon({name}: {readonly name: IconName}): ReactElement {
    return (
        <svg className={`icon icon-${name}`} viewBox="0 0 24 24" width="20" height="20" aria-hidden="true" focusable="false">
            <path d={shapes[name]} />
        </svg>
    );
}
