// A process that is killed while it writes: what it said it had written is there.
import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import * as path from 'node:path';
import {createInterface} from 'node:readline';
import {test} from 'node:test';
import {fileURLToPath} from 'node:url';

import {NodeStorage} from '../../../wasm/js/engine-node.js';
import {openEngine, scaled, temporaryDirectory} from './support.js';

const space = 'team';

/** What the child does, until it is killed: writes row after row, and says so after each. */
async function writeForever(file: string): Promise<void> {
    const engine = await openEngine({after() {}}, {storage: new NodeStorage(), path: file});
    const rows = engine.ids(space, 'rows').length;
    for (let i = rows; ; ++i) {
        engine.transact(space, [{op: 'set', doc: ['rows', String(i)], path: ['v'], value: 'x'.repeat(i % 3000)}]);
        // To a pipe it is written at once.
        process.stdout.write(`${i}\n`);
    }
}

const self = fileURLToPath(import.meta.url);
const childFile = process.env['SYNCLINE_KILL_CHILD'];
if (childFile !== undefined) {
    await writeForever(childFile);
} else {
    test('a writer that is killed again and again loses nothing that it acknowledged', async (t) => {
        const file = path.join(temporaryDirectory(t), 'store.db');
        let acknowledged = -1;
        for (let round = 0; round < scaled(50); ++round) {
            const child = spawn(process.execPath, ['--enable-source-maps', self], {
                env: {...process.env, SYNCLINE_KILL_CHILD: file, NODE_TEST_CONTEXT: ''},
                stdio: ['ignore', 'pipe', 'inherit'],
            });
            const exited = once(child, 'exit');
            // Somewhere in the midst of a write, at another row each time.
            const enough = acknowledged + 1 + ((round * 7) % 23);
            for await (const line of createInterface(child.stdout)) {
                acknowledged = Number(line);
                if (acknowledged >= enough) child.kill('SIGKILL');
            }
            await exited;
            const engine = await openEngine(t, {storage: new NodeStorage(), path: file});
            const rows = engine.ids(space, 'rows').length;
            assert.ok(rows > acknowledged, `round ${round}: ${acknowledged + 1} acknowledged, ${rows} there`);
            assert.ok(rows <= acknowledged + 2);
            engine.verify();
            engine.close();
        }
        assert.ok(acknowledged > 0);
    });
}
