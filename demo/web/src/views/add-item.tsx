import {useRef, useState, type FormEvent, type ReactElement} from 'react';
import {addItem} from '../actions';
import {useBoard} from '../board';
import {randomId} from '../device';
import {Icon} from '../ui/icons';

export const addFieldId = 'add-title';

export interface AddItemProps {
    readonly onAdd: (id: string) => void;
}

export function AddItem({onAdd}: AddItemProps): ReactElement {
    const board = useBoard();
    const [title, setTitle] = useState('');
    const field = useRef<HTMLInputElement>(null);
    /** Nothing was typed since something was added: then there is nothing to undo here but that. */
    const fresh = useRef(false);
    const submit = (event: FormEvent): void => {
        event.preventDefault();
        const text = title.trim();
        field.current?.focus();
        if (text === '') return;
        const id = randomId();
        board.perform(addItem(id, text), `Added ${text}`);
        setTitle('');
        fresh.current = true;
        onAdd(id);
    };
    return (
        <form className="add" onSubmit={submit}>
            <label className="visually-hidden" htmlFor={addFieldId}>
                New item
            </label>
            <input
                ref={field}
                id={addFieldId}
                className="add-field"
                dir="auto"
                placeholder="Add something"
                value={title}
                maxLength={500}
                autoComplete="off"
                enterKeyHint="done"
                onChange={(event) => {
                    fresh.current = false;
                    setTitle(event.target.value);
                }}
                onKeyDown={(event) => {
                    const undoes = (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === 'z';
                    if (!undoes || !fresh.current) return;
                    event.preventDefault();
                    board.undo();
                }}
            />
            <button type="submit" className="button button-main">
                <Icon name="plus" />
                <span>Add</span>
            </button>
        </form>
    );
}
