/** Fields whose text is taken when the person is done with it: on Enter, or when they lose the focus. */
import {
    useEffect,
    useLayoutEffect,
    useRef,
    useState,
    type ChangeEvent,
    type KeyboardEvent,
    type ReactElement,
} from 'react';

export interface CommittedFieldProps {
    readonly id?: string;
    readonly label: string;
    readonly value: string;
    readonly placeholder?: string;
    readonly className: string;
    /** Not called for a text that is as before, or empty. */
    readonly onCommit: (text: string) => void;
}

type TextElement = HTMLInputElement | HTMLTextAreaElement;

/** Of one line: what does not fit is cut off. */
export function CommittedField(props: CommittedFieldProps): ReactElement {
    return <input {...useDraft(props)} />;
}

/** One text over as many lines as it takes; a break in it becomes a space. */
export function CommittedTitle(props: CommittedFieldProps): ReactElement {
    const draft = useDraft(props);
    const field = useRef<HTMLTextAreaElement>(null);
    // Where the browser does not do it by the style sheet.
    useLayoutEffect(() => {
        if (field.current === null || CSS.supports('field-sizing', 'content')) return;
        field.current.style.height = 'auto';
        field.current.style.height = `${field.current.scrollHeight}px`;
    }, [draft.value]);
    return <textarea ref={field} rows={1} {...draft} />;
}

/** What both are given. */
function useDraft({id, label, value, placeholder, className, onCommit}: CommittedFieldProps) {
    const [draft, setDraft] = useState<string | null>(null);
    const cancelled = useRef(false);

    // Somebody else changed it, and nothing was typed here yet: show theirs.
    useEffect(() => setDraft((typed) => (typed === value ? null : typed)), [value]);

    const finish = (): void => {
        const text = draft?.replace(/\s*\n\s*/g, ' ').trim() ?? '';
        if (!cancelled.current && text !== '' && text !== value) onCommit(text);
        cancelled.current = false;
        setDraft(null);
    };

    return {
        id,
        className,
        'aria-label': label,
        placeholder,
        value: draft ?? value,
        dir: 'auto',
        maxLength: 500,
        enterKeyHint: 'done',
        autoComplete: 'off',
        onChange: (event: ChangeEvent<TextElement>) => setDraft(event.target.value),
        onBlur: finish,
        onKeyDown: (event: KeyboardEvent<TextElement>) => {
            if (event.nativeEvent.isComposing) return;
            if (event.key === 'Escape' && draft !== null) {
                event.stopPropagation();
                cancelled.current = true;
                event.currentTarget.blur();
            }
            if (event.key === 'Enter') {
                event.preventDefault();
                event.currentTarget.blur();
            }
        },
    } as const;
}
