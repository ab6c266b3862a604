import {useRef, useState, type FormEvent, type ReactElement} from 'react';
import {addItem} from '../actions';
import {useBoard} from '../board';
import {randomId} from '../device';
import {Icon} from '../ui/icons';

export function AddItem(): ReactElement {
    const board = useBoard();
    const [title, setTitle] = useState('');
    const field = useRef<HTMLInputElement>(null);
    const submit = (event: FormEvent): void => {
        event.preventDefault();
        const text = title.trim();
        field.current?.focus();
        if (text === '') return;
        board.perform(addItem(randomId(), text), `Added ${text}`);
        setTitle('');
    };
    return (
        <form className="add" onSubmit={submit}>
            <label className="visually-hidden" htmlFor="add-title">
                New item
            </label>
            <input
                ref={field}
                id="add-title"
                className="add-field"
                placeholder="Add something"
                value={title}
                maxLength={500}
                autoComplete="off"
                enterKeyHint="done"
                onChange={(event) => setTitle(event.target.value)}
            />
            <button type="submit" className="button button-main">
                <Icon name="plus" />
                <span>Add</span>
            </button>
        </form>
    );
}
