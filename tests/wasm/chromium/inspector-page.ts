/** An inspector of a store with two spaces; what the test changes is on `window`. */
import '../../../wasm/js/inspector/index.js';
import {FakeStore} from '../support/fake-store.js';

const store = new FakeStore();
const space = store.space('team-42');
for (const [id, title] of [
    ['t1', 'Milk'],
    ['t2', 'Bread'],
] as const) {
    space.apply((tx) => tx.document('tasks', id).set('title', title));
}
space.apply((tx) => tx.document('people', 'p1').set('picture', new Uint8Array(3)));
space.lost.set('title', ['Butter']);
store.space('home').apply((tx) => tx.document('lists', 'l').set('n', 12345678901234567890n));
declare global {
    interface Window {
        store: FakeStore;
    }
}
window.store = store;
const panel = document.createElement('syncline-inspector');
panel.store = store.asStore;
document.querySelector('main')?.append(panel);
