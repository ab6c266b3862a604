/** What is said to screen readers, and for a moment shown, when something happened. */
import {createContext, useCallback, useContext, useEffect, useRef, useState, type ReactElement, type ReactNode} from 'react';

export interface Announcer {
    /** Said by screen readers only. */
    say(text: string): void;
    /** Said, and shown at the foot of the page for some seconds. */
    show(text: string): void;
}

const AnnounceContext = createContext<Announcer | null>(null);

export function useAnnouncer(): Announcer {
    const announcer = useContext(AnnounceContext);
    if (announcer === null) throw new Error('useAnnouncer() outside of <Announcements>');
    return announcer;
}

const shownMs = 5000;

export function Announcements({children}: {readonly children: ReactNode}): ReactElement {
    const [said, setSaid] = useState('');
    const [shown, setShown] = useState('');
    const timer = useRef<ReturnType<typeof setTimeout>>(undefined);

    const say = useCallback((text: string) => {
        // The same sentence twice is said twice: a trailing no-break space makes it another one.
        setSaid((before) => (before === text ? `${text}\u00a0` : text));
    }, []);
    const show = useCallback(
        (text: string) => {
            say(text);
            setShown(text);
            clearTimeout(timer.current);
            timer.current = setTimeout(() => setShown(''), shownMs);
        },
        [say],
    );
    useEffect(() => () => clearTimeout(timer.current), []);
    const announcer = useRef<Announcer>({say, show});

    return (
        <AnnounceContext value={announcer.current}>
            {children}
            <div className="visually-hidden" role="status" aria-live="polite">
                {said}
            </div>
            {shown !== '' && (
                <div className="toast" aria-hidden="true">
                    {shown}
                </div>
            )}
        </AnnounceContext>
    );
}
