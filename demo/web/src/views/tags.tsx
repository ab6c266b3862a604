import {useRef, useState, type FormEvent, type ReactElement} from 'react';
import {addTag, removeTag} from '../actions';
import {useBoard} from '../board';
import {tagsOf, type Item} from '../model';
import {Icon} from '../ui/icons';

export function Tags({item}: {readonly item: Item}): ReactElement {
    const board = useBoard();
    const [draft, setDraft] = useState('');
    const field = useRef<HTMLInputElement>(null);
    const submit = (event: FormEvent): void => {
        event.preventDefault();
        const tag = draft.trim().toLowerCase();
        setDraft('');
        if (tag !== '' && !item.tags.includes(tag)) board.perform(addTag(item.id, tag), `Tagged ${tag}`);
    };
    const remove = (tag: string): void => {
        board.perform(removeTag(item.id, tag), `Took away the tag ${tag}`);
        field.current?.focus(); // the button that was pressed goes
    };
    return (
        <section className="panel-section" aria-labelledby="tags-title">
            <h3 id="tags-title" className="section-title">
                Tags
            </h3>
            <div className="tags">
                {item.tags.map((tag) => (
                    <button key={tag} type="button" className="tag tag-button" aria-label={`Take away the tag ${tag}`} onClick={() => remove(tag)}>
                        <span dir="auto">{tag}</span>
                        <Icon name="close" />
                    </button>
                ))}
                <form className="tag-form" onSubmit={submit}>
                    <input
                        ref={field}
                        className="tag-field"
                        dir="auto"
                        aria-label="New tag"
                        placeholder="Add a tag"
                        list="tags-known"
                        value={draft}
                        maxLength={60}
                        autoComplete="off"
                        enterKeyHint="done"
                        onChange={(event) => setDraft(event.target.value)}
                    />
                    <datalist id="tags-known">
                        {tagsOf(board.items).map((tag) => (
                            <option key={tag} value={tag} />
                        ))}
                    </datalist>
                </form>
            </div>
        </section>
    );
}
