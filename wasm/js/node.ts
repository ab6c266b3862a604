import {rm} from 'node:fs/promises';

import type {Open, OpenOptions, Schema, Store} from './api.js';
import {Client} from './client.js';
import {enginePort} from './engine-adapter.js';
import {Engine, loadModule, MemoryStorage, nodeSockets, NodeStorage} from './engine-node.js';
import {SynclineError} from './errors.js';
import {countedSockets} from './net-counted.js';
import {linkPair} from './protocol.js';
import {Server} from './server.js';
import {PageStore} from './store.js';

export * from './api.js';

/** {@link Open} in Node: engine, file and connection in this process. `name` is the path of the file. */
export const open: Open = async <const S extends Schema = Schema>(options: OpenOptions<S>): Promise<Store<S>> => {
    if (options.name === '') throw new SynclineError('invalid_argument', 'a store has a name');
    const inMemory = options.storage === 'memory';
    const module = await loadModule(options.wasmUrl);
    const traffic = {bytesSent: 0, bytesReceived: 0};
    const engine = await Engine.open({
        module,
        path: options.name,
        storage: inMemory ? new MemoryStorage() : new NodeStorage(),
        sockets: countedSockets(nodeSockets(), traffic),
    });

    const client = new Client({
        tab: crypto.randomUUID(),
        schema: options.schema === undefined ? null : JSON.stringify(options.schema),
        url: options.url ?? null,
        token: options.token,
    });
    const close = (): void => {
        port.listener = null;
        port.close();
    };
    const store: PageStore = new PageStore(options.name, client, {
        role: () => 'leader',
        close: () => {
            if (port.listener !== null) close();
            return Promise.resolve();
        },
    });
    const port = enginePort(engine, traffic, (error) => store.failed(error));
    const server = new Server(port, {
        storage: inMemory ? 'memory' : 'file',
        warnings: [],
        erase: async () => {
            if (inMemory) return;
            for (const suffix of ['', '-wal', '-journal', '-shm']) await rm(options.name + suffix, {force: true});
        },
        ended: () => undefined,
    });
    const {page, engine: served} = linkPair();
    server.join(served);
    client.attach(page);
    await store.opened;
    // The schema's types are a way to see what is there.
    return store as unknown as Store<S>;
};
