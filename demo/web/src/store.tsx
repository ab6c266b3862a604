/** The store and what belongs to this device, for all views. */
import {createContext, useCallback, useContext, useEffect, useMemo, useState, type ReactElement, type ReactNode} from 'react';
import type {Store} from 'syncline';
import {readName, readOffline, writeName, writeOffline} from './device';
import type {App} from './model';
import {useAnnouncer} from './ui/announce';
import {sentence} from './words';

export interface Device {
    readonly store: Store<App>;
    readonly name: string;
    rename(name: string): void;
    /** What the person wants; whether there is a connection is in the sync status. */
    readonly online: boolean;
    setOnline(online: boolean): void;
    /** The browser did not promise to keep what is here. */
    readonly evictable: boolean;
}

const DeviceContext = createContext<Device | null>(null);

export function useDevice(): Device {
    const device = useContext(DeviceContext);
    if (device === null) throw new Error('useDevice() outside of <DeviceProvider>');
    return device;
}

export interface DeviceProviderProps {
    readonly store: Store<App>;
    readonly children: ReactNode;
}

export function DeviceProvider({store, children}: DeviceProviderProps): ReactElement {
    const announcer = useAnnouncer();
    const [name, setName] = useState(readName);
    const [online, setOnlineState] = useState(() => !readOffline());
    const [evictable, setEvictable] = useState(false);

    useEffect(() => {
        const done = online ? store.connect() : store.disconnect();
        done.catch((error: Error) => announcer.show(sentence(error.message)));
    }, [store, online, announcer]);

    useEffect(() => {
        const stops = [
            store.on('warning', ({code, message}) => {
                // No greeting for somebody who is here for the first time: where the boards are kept is told where that is asked for,
                // and above each board when it is nowhere.
                if (code === 'not_persistent') setEvictable(true);
                else if (code !== 'storage_fallback') announcer.show(sentence(message));
            }),
            store.on('rejected', ({reason}) => announcer.show(`The relay refused a change of yours, and it is undone: ${reason}`)),
            // In whichever tab that was asked for: all of them begin anew.
            store.on('wiped', () => location.reload()),
            store.on('version_clash', () =>
                announcer.show('Another tab runs another version of this app. Close or reload the older one.'),
            ),
        ];
        return () => stops.forEach((stop) => stop());
    }, [store, announcer]);

    const rename = useCallback((next: string) => {
        writeName(next);
        setName(next);
    }, []);
    const setOnline = useCallback((next: boolean) => {
        writeOffline(!next);
        setOnlineState(next);
    }, []);
    const device = useMemo(() => ({store, name, rename, online, setOnline, evictable}), [store, name, rename, online, setOnline, evictable]);
    return <DeviceContext value={device}>{children}</DeviceContext>;
}
