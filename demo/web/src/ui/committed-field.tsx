/** A field of one line whose text is taken when the person is done with it: on Enter, or when it loses the focus. */
import {useEffect, useRef, useState, type ReactElement} from 'react';

export interface CommittedFieldProps {
    readonly id?: string;
    readonly label: string;
    readonly value: string;
    readonly placeholder?: string;
    readonly className: string;
    /** Not called for a text that is as before, or empty. */
    readonly onCommit: (text: string) => void;
}

export function CommittedField(props: CommittedFieldProps): ReactElement {
    const {value, onCommit} = props;
    const [draft, setDraft] = useState<string | null>(null);
    const cancelled = useRef(false);

    // Somebody else changed it, and nothing was typed here yet: show theirs.
    useEffect(() => setDraft((typed) => (typed === value ? null : typed)), [value]);

    const finish = (): void => {
        const text = draft?.trim() ?? '';
        if (!cancelled.current && text !== '' && text !== value) onCommit(text);
        cancelled.current = false;
        setDraft(null);
    };

    return (
        <input
            id={props.id}
            className={props.className}
            aria-label={props.label}
            placeholder={props.placeholder}
            value={draft ?? value}
            maxLength={500}
            enterKeyHint="done"
            autoComplete="off"
            onChange={(event) => setDraft(event.target.value)}
            onBlur={finish}
            onKeyDown={(event) => {
                if (event.nativeEvent.isComposing) return;
                if (event.key === 'Escape' && draft !== null) {
                    event.stopPropagation();
                    cancelled.current = true;
                    event.currentTarget.blur();
                }
                if (event.key === 'Enter') event.currentTarget.blur();
            }}
        />
    );
}
