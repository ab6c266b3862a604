// Opens a store, writes a document, syncs, and says what it has. `?relay=` is the relay's address, `?by=` who writes.
import {open} from 'syncline';

const asked = new URLSearchParams(location.search);
const status = document.querySelector('#status');

async function run() {
    const by = asked.get('by');
    const store = await open({name: `bundled-${by}`, url: asked.get('relay')});
    const space = store.space('team-42');
    const visits = space.collection('visits');
    await visits.load();
    await space.transact((tx) => {
        const visit = tx.document('visits', by);
        visit.set('by', by);
        visit.counter('count').add(1);
    });
    window.report = async () => {
        await space.inSync(20_000);
        return {
            digest: await space.digest(),
            visits: visits.entries().map(([id]) => id),
            storage: store.storage,
        };
    };
    status.textContent = 'open';
}

run().catch((error) => {
    status.textContent = `failed: ${error.code} ${error.message}`;
});
