/// The worker that each tab starts: docs/browser.md.
import {Leader} from './leader.js';
import {openInBrowser} from './open-browser.js';
import type {FromWorker, ToWorker} from './tabs.js';

/** What of a dedicated worker's scope is used here. */
interface WorkerScope {
    postMessage(message: FromWorker, transfer: Transferable[]): void;
    onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
    close(): void;
}
const scope = globalThis as unknown as WorkerScope;

const leader: Leader = new Leader(
    {
        toPage: (message, transfer = []) => scope.postMessage(message, transfer),
        locks: navigator.locks,
        end: () => scope.close(),
    },
    // After what is said already, so that who asked hears why it failed.
    openInBrowser((error) => setTimeout(() => void leader.broken(error))),
);
scope.onmessage = (event) => leader.received(event.data);
