import type {ReactElement} from 'react';
import {useDevice} from '../store';

/** For all boards of this device. */
export function OnlineSwitch(): ReactElement {
    const {online, setOnline} = useDevice();
    return (
        <button
            type="button"
            role="switch"
            className="switch"
            aria-checked={online}
            onClick={() => setOnline(!online)}
        >
            <span className="switch-track" aria-hidden="true">
                <span className="switch-thumb" />
            </span>
            Online
        </button>
    );
}
