import {StrictMode, type ReactElement} from 'react';
import {createRoot} from 'react-dom/client';
import {open} from 'syncline';
import {app} from './model';
import {registerServiceWorker} from './offline';
import {DeviceProvider} from './store';
import {Announcements} from './ui/announce';
import {Boundary} from './ui/boundary';
import {App} from './views/app';

declare const __WASM_URL__: string;
declare const __WORKER_URL__: string;

const historyMs = 30 * 86_400_000;

async function start(root: HTMLElement): Promise<void> {
    const relay = `${location.protocol === 'https:' ? 'wss:' : 'ws:'}//${location.host}`;
    const store = await open({
        name: 'boards',
        url: relay,
        schema: app,
        wasmUrl: new URL(__WASM_URL__, document.baseURI),
        workerUrl: new URL(__WORKER_URL__, document.baseURI),
    });
    await store.keepHistory(historyMs);
    createRoot(root).render(
        <StrictMode>
            <Boundary instead={broken}>
                <Announcements>
                    <DeviceProvider store={store}>
                        <App />
                    </DeviceProvider>
                </Announcements>
            </Boundary>
        </StrictMode>,
    );
}

/** A fault of ours. The boards are in the store, where it does not reach. */
function broken(error: Error): ReactElement {
    return (
        <div className="opening" role="alert">
            <p>Something broke in this page: {error.message}</p>
            <p>Your boards are safe on this device.</p>
            <button type="button" className="button" onClick={() => location.reload()}>
                Reload
            </button>
        </div>
    );
}

const root = document.getElementById('app');
if (root !== null) {
    start(root).catch((error: Error) => {
        const sentence = document.createElement('p');
        sentence.className = 'opening';
        sentence.role = 'alert';
        sentence.textContent = `The boards could not be opened: ${error.message}`;
        root.replaceChildren(sentence);
    });
}
registerServiceWorker().catch((error: Error) => console.warn(`No service worker: ${error.message}`));
