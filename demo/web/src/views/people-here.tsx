import type {ReactElement} from 'react';
import type {Person} from '../people';
import {useDevice} from '../store';
import {Avatar} from '../ui/avatar';

const seenMax = 3;

/** Who is here: this person, and the others who have the board open. */
export function People({people}: {readonly people: readonly Person[]}): ReactElement {
    const {store, name} = useDevice();
    const others = people.filter((person) => person.replica !== store.replica);
    const more = others.length - seenMax;
    return (
        <ul className="people" aria-label="Who is here">
            <li className="people-you">
                <Avatar name={name} replica={store.replica} you />
            </li>
            {others.slice(0, seenMax).map((person) => (
                <li key={person.key}>
                    <Avatar name={person.name} replica={person.replica} />
                </li>
            ))}
            {more > 0 && (
                <li>
                    <span className="avatar avatar-more">
                        +{more}
                        <span className="visually-hidden"> more</span>
                    </span>
                </li>
            )}
        </ul>
    );
}
