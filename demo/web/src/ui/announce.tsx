/** What is said to screen readers, and for a moment shown, when something happened. */
import {createContext, useCallback, useContext, useEffect, useRef, useState, type ReactElement, type ReactNode} from 'react';

/** What can be done about it, as a button beside the words. */
export interface Remedy {
    readonly label: string;
    readonly run: () => void;
}

export interface Announcer {
    /** Said by screen readers only. */
    say(text: string): void;
    /** Said, and shown at the foot of the page for as long as it takes to read it. */
    show(text: string, remedy?: Remedy): void;
    /** Takes away what is shown, when it is no longer true. */
    clear(): void;
}

const AnnounceContext = createContext<Announcer | null>(null);

export function useAnnouncer(): Announcer {
    const announcer = useContext(AnnounceContext);
    if (announcer === null) throw new Error('useAnnouncer() outside of <Announcements>');
    return announcer;
}

interface Shown {
    readonly text: string;
    readonly remedy: Remedy | undefined;
}

/** Slow readers read two words a second. */
function shownMs({text, remedy}: Shown): number {
    return Math.max(5000, 2000 + 80 * text.length) + (remedy === undefined ? 0 : 3000);
}

export function Announcements({children}: {readonly children: ReactNode}): ReactElement {
    const [said, setSaid] = useState('');
    const [shown, setShown] = useState<Shown | null>(null);
    const timer = useRef<ReturnType<typeof setTimeout>>(undefined);

    const say = useCallback((text: string) => {
        // The same sentence twice is said twice: a trailing no-break space makes it another one.
        setSaid((before) => (before === text ? `${text}\u00a0` : text));
    }, []);
    const clear = useCallback(() => {
        clearTimeout(timer.current);
        setShown(null);
    }, []);
    const show = useCallback(
        (text: string, remedy?: Remedy) => {
            say(text);
            const next = {text, remedy};
            setShown(next);
            clearTimeout(timer.current);
            timer.current = setTimeout(clear, shownMs(next));
        },
        [say, clear],
    );
    useEffect(() => () => clearTimeout(timer.current), []);
    const announcer = useRef<Announcer>({say, show, clear});

    return (
        <AnnounceContext value={announcer.current}>
            {children}
            <div className="visually-hidden" role="status" aria-live="polite">
                {said}
            </div>
            {shown !== null && (
                <div className="toast">
                    <span aria-hidden="true">{shown.text}</span>
                    {shown.remedy !== undefined && (
                        <button
                            type="button"
                            className="toast-remedy"
                            onClick={() => {
                                clear();
                                shown.remedy?.run();
                            }}
                        >
                            {shown.remedy.label}
                        </button>
                    )}
                </div>
            )}
        </AnnounceContext>
    );
}
