/// <reference lib="webworker" />
/**
 * Makes the app start without a network. All its files are fetched when a version is installed, and from then on a
 * page gets the files of one version only: no page ever mixes two. The build writes in what belongs to it.
 */
declare const self: ServiceWorkerGlobalScope;
declare const __FILES__: readonly string[];
declare const __VERSION__: string;

const prefix = 'syncline-demo-';
const cacheName = prefix + __VERSION__;

self.addEventListener('install', (event) => event.waitUntil(precache()));
self.addEventListener('activate', (event) => event.waitUntil(takeOver()));
self.addEventListener('message', (event) => {
    if (event.data === 'take-over') void self.skipWaiting();
});
self.addEventListener('fetch', (event) => {
    const url = new URL(event.request.url);
    if (event.request.method !== 'GET' || url.origin !== self.location.origin) return;
    // What is not the app's, like a relay's health page on the same port, is none of our business.
    const path = `.${url.pathname.slice(basePath().length - 1)}`.replace(/^\.\/index\.html$/, './');
    if (__FILES__.includes(path)) event.respondWith(fromCache(path, event.request));
});

/** All or nothing: if one file fails, this version is not installed and the next visit tries again. */
async function precache(): Promise<void> {
    const cache = await caches.open(cacheName);
    // Names with a hash never change; what has none is asked of the server and not of the browser's cache.
    await cache.addAll(__FILES__.map((file) => new Request(file, {cache: file.startsWith('./assets/') ? 'default' : 'reload'})));
}

async function takeOver(): Promise<void> {
    const names = await caches.keys();
    await Promise.all(names.filter((name) => name.startsWith(prefix) && name !== cacheName).map((name) => caches.delete(name)));
    await self.clients.claim();
}

async function fromCache(path: string, request: Request): Promise<Response> {
    const cache = await caches.open(cacheName);
    return (await cache.match(path, {ignoreVary: true})) ?? fetch(request);
}

function basePath(): string {
    return new URL('./', self.location.href).pathname;
}
