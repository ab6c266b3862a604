/** The service worker's registration, and the hand-over to a newer one. */

let waiting: ServiceWorker | null = null;
const listeners = new Set<() => void>();

export function updateWaits(): boolean {
    return waiting !== null;
}

export function observeUpdate(listener: () => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
}

/** The new version takes over, and each page of this app loads again with it. */
export function switchToUpdate(): void {
    waiting?.postMessage('take-over');
}

/** Without it the app works all the same, as long as the network brings it. */
export async function registerServiceWorker(): Promise<void> {
    if (!('serviceWorker' in navigator)) return;
    const registration = await navigator.serviceWorker.register('service-worker.js', {updateViaCache: 'none'});

    let controlled = navigator.serviceWorker.controller !== null;
    navigator.serviceWorker.addEventListener('controllerchange', () => {
        if (controlled) location.reload();
        controlled = true; // the first one takes a page over that is already of its version
    });

    const note = (): void => {
        // Where none was before, there is nothing to change over from.
        if (registration.waiting === null || navigator.serviceWorker.controller === null) return;
        waiting = registration.waiting;
        listeners.forEach((listener) => listener());
    };
    note();
    registration.addEventListener('updatefound', () => registration.installing?.addEventListener('statechange', note));
    addEventListener('focus', () => void registration.update().catch(() => undefined));
}
