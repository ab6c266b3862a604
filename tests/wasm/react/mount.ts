import {StrictMode, act, createElement} from 'react';
import type {ReactNode} from 'react';
import {createRoot} from 'react-dom/client';
import {SynclineProvider} from '../../../wasm/js/react/index.js';
import type {FakeSpace} from '../support/fake-space.js';

export interface Mounted {
    text(): string;
    show(node: ReactNode): Promise<void>;
    unmount(): Promise<void>;
}

export type Mode = 'strict' | 'plain';

/** Renders below a provider, and waits until effects and what they started have run. */
export async function mount(space: FakeSpace, node: ReactNode, mode: Mode = 'strict'): Promise<Mounted> {
    const element = document.createElement('div');
    const root = createRoot(element);
    const show = async (shown: ReactNode, below: FakeSpace = space): Promise<void> => {
        const provider = createElement(SynclineProvider, {space: below.asSpace}, shown);
        await act(async () => root.render(mode === 'strict' ? createElement(StrictMode, null, provider) : provider));
    };
    await show(node);
    return {
        text: () => element.textContent ?? '',
        show,
        unmount: () => act(async () => root.unmount()),
    };
}

/** Something happens in the store; waits until the page shows it. */
export async function happen(what: () => unknown): Promise<void> {
    await act(async () => {
        await what();
    });
}

/** A component that counts its renders and keeps what it was given last. */
export function probe<T>(
    use: () => T,
    shown: (value: T) => string = () => '',
): {(): ReactNode; renders: number; last: T} {
    const component = Object.assign(
        (): ReactNode => {
            const value = use();
            component.renders += 1;
            component.last = value;
            return shown(value);
        },
        {renders: 0, last: undefined as T},
    );
    return component;
}
