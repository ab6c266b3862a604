import type {ReactElement} from 'react';
import {hueOf, initials} from '../device';

export interface AvatarProps {
    readonly name: string;
    /** It is this device's person. */
    readonly you?: boolean;
    readonly replica: string;
    readonly small?: boolean;
}

/** A person, as initials in their colour. The name is for screen readers and for a pointer that rests on it. */
export function Avatar({name, replica, you = false, small = false}: AvatarProps): ReactElement {
    const size = small ? ' avatar-small' : '';
    const said = you ? `${name} (you)` : name;
    return (
        <span className={`avatar hue-${hueOf(replica)}${size}`} title={said}>
            <span aria-hidden="true">{initials(name)}</span>
            <span className="visually-hidden">{said}</span>
        </span>
    );
}
