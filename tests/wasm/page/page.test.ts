import assert from 'node:assert/strict';
import {test, type TestContext} from 'node:test';
import {SynclineError} from '../../../wasm/js/errors.js';
import {QuotaWatch} from '../../../wasm/js/quota-watch.js';
import type {UndoChange} from '../../../wasm/js/api.js';
import {FakeBrowser, until, type FakeTab} from './fake-browser.js';
import {Random} from './random.js';

function browser(t: TestContext): FakeBrowser {
    const made = new FakeBrowser();
    t.after(() => made.close());
    return made;
}
const add = (tab: FakeTab, amount = 1, id = 't'): Promise<void> =>
    tab.store.space('s').transact((tx) => tx.document('tasks', id).counter('n').add(amount));
const count = (tab: FakeTab, id = 't'): unknown => tab.store.space('s').collection('tasks').get(id)?.['n'];

test('a page sees what it wrote when it is told that it is durable', async (t) => {
    const tab = await browser(t).open();
    const tasks = tab.store.space('s').collection('tasks');
    await tasks.load();
    assert.equal(tab.store.role, 'leader');
    await tab.store.space('s').transact((tx) => {
        tx.document('tasks', 'b').set('title', 'Buy milk');
        tx.document('tasks', 'a').set('title', 'Buy bread');
    });
    assert.deepEqual(tasks.get('b'), {title: 'Buy milk'});
    assert.deepEqual(tasks.entries(), [['a', {title: 'Buy bread'}], ['b', {title: 'Buy milk'}]]);
    assert.ok(Object.isFrozen(tasks.entries()) && Object.isFrozen(tasks.get('a')));
    assert.equal(tasks.entries(), tasks.entries());
});

test('what does not change keeps its identity', async (t) => {
    const tab = await browser(t).open();
    const tasks = tab.store.space('s').collection('tasks');
    await tasks.load();
    await tab.store.space('s').transact((tx) => tx.document('tasks', 't').set('deep', {a: [1, {b: 2}], c: 'x'}));
    const deep = tasks.get('t')?.['deep'];
    await add(tab);
    assert.equal(tasks.get('t')?.['deep'], deep);
    const entries = tasks.entries();
    await tab.store.space('s').transact((tx) => tx.document('tasks', 't').set('deep', {a: [1, {b: 2}], c: 'x'}));
    assert.equal(tasks.entries(), entries);
});

test('an observer hears of each change once, and with a filter of what passes it before or after', async (t) => {
    const tab = await browser(t).open();
    const tasks = tab.store.space('s').collection('tasks');
    const all: string[][] = [];
    const many: string[][] = [];
    const stop = tasks.observe((ids) => all.push([...ids]));
    tasks.observe((ids) => many.push([...ids]), (value) => (value['n'] as number) > 1);
    await tasks.load();
    await add(tab);
    await add(tab);
    await tab.store.space('s').transact((tx) => tx.document('tasks', 't').set('n', 0));
    await add(tab, 0);
    assert.deepEqual(all, [['t'], ['t'], ['t']]);
    assert.deepEqual(many, [['t'], ['t']]);
    stop();
    await add(tab);
    assert.equal(all.length, 3);
});

test('a transaction that fails has done nothing, and says why', async (t) => {
    const made = browser(t);
    const tab = await made.open();
    await tab.store.space('s').collection('tasks').load();
    made.engine.failWith = new SynclineError('schema_violation', 'no');
    await assert.rejects(add(tab), {code: 'schema_violation', message: 'no'});
    assert.equal(count(tab), undefined);
    await assert.rejects(tab.store.space('no space!').transact(() => undefined), {code: 'invalid_argument'});
    await assert.rejects(tab.store.space('s').transact((async () => undefined) as () => void), {code: 'invalid_argument'});
    // What its promise fails with later is nobody's: it would end the process.
    const late = async (): Promise<void> => Promise.reject(new Error('late'));
    await assert.rejects(tab.store.space('s').transact(late as () => void), {code: 'invalid_argument'});
    await assert.rejects(tab.store.space('s').transact((tx) => tx.document('t', 't').set('x', new Date() as never)), {code: 'invalid_argument'});
});

test('two tabs see the same, and each other\'s writes', async (t) => {
    const made = browser(t);
    const a = await made.open();
    const b = await made.open();
    assert.deepEqual([a.store.role, b.store.role], ['leader', 'follower']);
    assert.equal(a.store.replica, b.store.replica);
    await Promise.all([a, b].map((tab) => tab.store.space('s').collection('tasks').load()));
    await add(b, 5);
    assert.equal(count(b), 5);
    await until(() => count(a) === 5, 'the other tab sees it');
    await add(a, 1);
    await until(() => count(b) === 6, 'and the other way round');
    assert.equal(await a.store.space('s').digest(), await b.store.space('s').digest());
});

test('a collection of many documents comes in pieces, also while it changes', async (t) => {
    const made = browser(t);
    const a = await made.open();
    const ids = Array.from({length: 2345}, (_, at) => `t${String(at).padStart(5, '0')}`);
    await a.store.space('s').transact((tx) => ids.forEach((id) => tx.document('tasks', id).set('n', 1)));
    const b = await made.open();
    const tasks = b.store.space('s').collection('tasks');
    const loading = tasks.load();
    const changing = ids.filter((_, at) => at % 100 === 0).map((id) => add(a, 1, id));
    const removing = a.store.space('s').transact((tx) => tx.document('tasks', 't00001').deleteDocument());
    await Promise.all([loading, removing, ...changing]);
    await until(() => tasks.get('t02300')?.['n'] === 2, 'the changes came');
    assert.equal(tasks.entries().length, 2344);
    assert.equal(tasks.entries().filter(([, value]) => value['n'] === 2).length, 24);
});

test('when the leader is killed the next one goes on, and nothing is lost or done twice', async (t) => {
    const made = browser(t);
    const a = await made.open();
    const b = await made.open();
    const tasks = b.store.space('s').collection('tasks');
    await tasks.load();
    const changes: string[] = [];
    tasks.observe((ids) => changes.push(...ids));
    const adding = [add(b), add(b), add(b)];
    a.kill();
    await Promise.all(adding);
    assert.equal(count(b), 3);
    assert.equal(b.store.role, 'leader');
    assert.ok(b.events.includes('leader'));
    assert.equal(made.disk.openAtOnce, 0);
});

test('a request that was done but not answered is not done again', async (t) => {
    const made = browser(t);
    const a = await made.open();
    const b = await made.open();
    await b.store.space('s').collection('tasks').load();
    const before = made.engine;
    // The leader commits, and dies before it can say so.
    before.listener = {
        changed: () => setImmediate(() => a.kill()),
        rejected: () => undefined,
        statusChanged: () => undefined,
        presenceChanged: () => undefined,
    };
    const transact = before.transact.bind(before);
    before.transact = (space, ops, once) => {
        transact(space, ops, once);
        a.kill();
        throw new Error('nobody hears this');
    };
    await add(b);
    assert.equal(count(b), 1);
    assert.equal(made.disk.requests.size, 1);
});

test('under load, whoever is killed, each add counts once', async (t) => {
    for (let seed = 1; seed <= 12; seed++) {
        const random = new Random(seed);
        const made = browser(t);
        const tabs = [await made.open(), await made.open(), await made.open(), await made.open(), await made.open()];
        const last = tabs.at(-1) as FakeTab;
        await last.store.space('s').collection('tasks').load();
        let asked = 0;
        const adding: Promise<void>[] = [];
        for (let kills = 0; kills < 4; kills++) {
            for (let n = random.below(8); n > 0; n--) {
                asked++;
                adding.push(add(last));
                if (random.oneIn(3)) await new Promise((resolve) => setImmediate(resolve));
            }
            made.leaders()[0]?.kill();
        }
        await Promise.all(adding);
        assert.equal(count(last) ?? 0, asked, `seed ${seed}`);
        assert.equal(made.disk.openAtOnce, 0);
        made.close();
    }
});

test('after a hand-over observers hear of what is different, and of nothing else', async (t) => {
    const made = browser(t);
    const a = await made.open();
    await a.store.space('s').transact((tx) => ['x', 'y', 'z'].forEach((id) => tx.document('tasks', id).set('n', 1)));
    const b = await made.open();
    const tasks = b.store.space('s').collection('tasks');
    await tasks.load();
    const {x, y} = {x: tasks.get('x'), y: tasks.get('y')};
    const changed: string[] = [];
    tasks.observe((ids) => changed.push(...ids));
    // While nobody leads, the file changes: as if the last words of the old leader had been lost.
    a.kill();
    made.disk.documents.set(JSON.stringify(['s', 'tasks', 'y']), '{"n":2}');
    made.disk.documents.delete(JSON.stringify(['s', 'tasks', 'z']));
    await until(() => b.store.role === 'leader' && tasks.get('z') === undefined, 'it is loaded again');
    assert.deepEqual(changed.sort(), ['y', 'z']);
    assert.equal(tasks.get('x'), x);
    assert.notEqual(tasks.get('y'), y);
});

test('a tab that closes lets the next one lead, and the last one closes the file', async (t) => {
    const made = browser(t);
    const a = await made.open();
    const b = await made.open();
    await a.store.close();
    await assert.rejects(add(a), {code: 'closed'});
    await add(b, 2);
    await until(() => b.store.role === 'leader', 'the other leads');
    await b.store.close();
    assert.equal(made.disk.openBy, null);
    const c = await made.open();
    await c.store.space('s').collection('tasks').load();
    assert.equal(count(c), 2);
});

test('what a leader lost of a follower is noticed: the follower joins anew', async (t) => {
    const made = browser(t);
    await made.open();
    const b = await made.open();
    await b.store.space('s').collection('tasks').load();
    // One message is lost on the way.
    const internals = b.client as unknown as {expected: number};
    internals.expected -= 1;
    await add(b, 3);
    await until(() => count(b) === 3, 'it is loaded again');
});

test('a follower that is gone is forgotten by the leader', async (t) => {
    const made = browser(t);
    const a = await made.open();
    const b = await made.open();
    const server = (a.worker as unknown as {leader: {server: {pages: number}}}).leader.server;
    assert.equal(server.pages, 2);
    b.kill();
    await until(() => server.pages === 1, 'the leader hears it');
});

test('wiped by one, gone for all', async (t) => {
    const made = browser(t);
    const a = await made.open();
    const b = await made.open();
    await add(a);
    let erase: (() => void) | null = null;
    made.beforeErase = () => new Promise((resolve) => (erase = resolve));
    const wiping = b.store.wipe();
    await until(() => erase !== null, 'it is being wiped');
    const waiting = assert.rejects(add(a), {code: 'wiped', message: 'the store was wiped'});
    setImmediate(() => erase?.());
    // Who asked for it has what was asked for; the others did not get theirs.
    await wiping;
    await waiting;
    await until(() => a.events.includes('wiped') && b.events.includes('wiped'), 'both hear it');
    assert.equal(made.disk.documents.size, 0);
    await assert.rejects(add(a), {code: 'wiped'});
    await assert.rejects(add(b), {code: 'wiped'});
    await assert.rejects(b.store.space('s').digest(), {code: 'wiped'});
});

test('a wipe that fails says so, and who waited meanwhile is answered', async (t) => {
    const made = browser(t);
    const a = await made.open();
    const b = await made.open();
    await add(a);
    let fail: (error: Error) => void = () => undefined;
    let erasing = false;
    made.beforeErase = () =>
        new Promise((_, reject) => {
            erasing = true;
            fail = reject;
        });
    const wiping = assert.rejects(b.store.wipe(), {code: 'storage_failed', message: 'a file is held'});
    await until(() => erasing, 'it is being wiped');
    const waiting = [a, b].map((tab) => assert.rejects(add(tab), {code: 'closed', message: 'the engine is closed'}));
    // They have arrived when this has.
    for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setImmediate(resolve));
    fail(new SynclineError('storage_failed', 'a file is held'));
    await wiping;
    await Promise.all(waiting);
    assert.ok(!a.events.includes('wiped') && !b.events.includes('wiped'));
    assert.equal(made.disk.documents.size, 1);
});

test('a wipe may fail again, and succeed after that', async (t) => {
    const made = browser(t);
    const a = await made.open();
    const b = await made.open();
    await add(a);
    made.beforeErase = () => Promise.reject(new SynclineError('storage_failed', 'a file is held'));
    for (let tries = 0; tries < 2; tries++) {
        await assert.rejects(b.store.wipe(), {code: 'storage_failed', message: 'a file is held'});
        await assert.rejects(add(a), {code: 'closed'});
    }
    made.beforeErase = () => Promise.resolve();
    await a.store.wipe();
    await until(() => a.events.includes('wiped') && b.events.includes('wiped'), 'both hear it');
    assert.equal(made.disk.documents.size, 0);
});

test('a tab that comes while a wipe fails, or after it, hears that the store is closed', async (t) => {
    const made = browser(t);
    const a = await made.open();
    await a.store.space('s').undo();
    let fail: ((error: Error) => void) | null = null;
    made.beforeErase = () =>
        new Promise((_, reject) => {
            fail = reject;
        });
    const wiping = assert.rejects(a.store.wipe(), {code: 'storage_failed'});
    await until(() => fail !== null, 'it is being wiped');
    const coming = assert.rejects(made.open(), {code: 'closed'});
    for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setImmediate(resolve));
    (fail as ((error: Error) => void) | null)?.(new SynclineError('storage_failed', 'a file is held'));
    await wiping;
    await coming;
    await assert.rejects(made.open(), {code: 'closed'});
});

test('a clock that differs from the relay\'s is told once, and to who comes later', async (t) => {
    const made = browser(t);
    const a = await made.open({url: 'ws://relay'});
    await a.store.space('s').inSync(1000);
    assert.equal(a.warnings.length, 0);
    const again = async (offset: number): Promise<void> => {
        await a.store.disconnect();
        made.disk.clockOffsetMs = offset;
        await a.store.connect();
        await a.store.space('s').inSync(1000);
    };
    await again(59_999);
    assert.equal(a.warnings.length, 0);
    await again(-300_000);
    await again(-300_100);
    const warning = {code: 'clock_skew', message: 'this device\'s clock is 300 s ahead of the relay\'s', offsetMs: -300_000};
    assert.deepEqual(a.warnings, [warning]);
    const b = await made.open();
    await until(() => b.warnings.length === 1, 'one who comes later hears it');
    assert.deepEqual(b.warnings, [warning]);
    await again(0);
    await again(3_600_000);
    assert.equal(a.warnings.length, 2);
    assert.equal(a.warnings.at(-1)?.message, 'this device\'s clock is 3600 s behind the relay\'s');
});

test('a write that finds no room is told once, with the room there is, until there is more', async (t) => {
    const made = browser(t);
    const a = await made.open();
    made.room = {usage: 99, quota: 100};
    for (let n = 0; n < 3; n++) {
        made.engine.failWith = new SynclineError('storage_full', 'no room');
        await assert.rejects(add(a), {code: 'storage_full'});
    }
    const warning = {code: 'quota', message: 'there is no room for what was to be written', usage: 99, quota: 100};
    await until(() => a.warnings.length > 0, 'it is told');
    assert.deepEqual(a.warnings, [warning]);
    const b = await made.open();
    await until(() => b.warnings.length === 1, 'one who comes later hears it');
    assert.deepEqual(b.warnings, [warning]);
});

test('a warning is told once to a page, whoever leads, and again by a leader that saw it go', async (t) => {
    const made = browser(t);
    const a = await made.open({url: 'ws://relay'});
    const b = await made.open({url: 'ws://relay'});
    const skew = async (offset: number): Promise<void> => {
        await b.store.disconnect();
        made.disk.clockOffsetMs = offset;
        await b.store.connect();
        await b.store.space('s').inSync(1000);
    };
    await b.store.space('s').inSync(1000);
    await skew(300_000);
    await until(() => b.warnings.length === 1, 'it is told');
    // One message is lost on the way: it joins the same leader anew.
    (b.client as unknown as {expected: number}).expected -= 1;
    await add(b);
    await add(b);
    a.kill();
    await add(b);
    await b.store.space('s').inSync(1000);
    assert.equal(b.store.role, 'leader');
    // The next leader finds the same.
    await skew(300_000);
    await add(b);
    assert.equal(b.warnings.length, 1);
    await skew(0);
    await skew(300_000);
    await until(() => b.warnings.length === 2, 'it came back');
});

test('who comes while the room is asked for hears once that there is none, and how much there is', async (t) => {
    const made = browser(t);
    await made.open();
    let answer = (_room: {usage: number; quota: number}): void => undefined;
    made.estimate = () => new Promise((resolve) => (answer = resolve));
    const a = made.leaders()[0] as FakeTab;
    made.engine.failWith = new SynclineError('storage_full', 'no room');
    await assert.rejects(add(a), {code: 'storage_full'});
    const b = await made.open();
    await add(b);
    answer({usage: 99, quota: 100});
    await until(() => b.warnings.length > 0, 'it is told');
    await add(b);
    assert.deepEqual(b.warnings, [{code: 'quota', message: 'there is no room for what was to be written', usage: 99, quota: 100}]);
});

test('that there is no room is told before the worker is ended that found it', async (t) => {
    const made = browser(t);
    made.storesLater = true;
    const [a, b] = [await made.open(), await made.open()];
    let answer = (_room: {usage: number; quota: number}): void => undefined;
    made.estimate = () => new Promise((resolve) => (answer = resolve));
    made.unstored = new SynclineError('storage_full', 'no room');
    await assert.rejects(add(b), {code: 'storage_full'});
    // Time enough for the page to end its worker, were it told to.
    for (let n = 0; n < 20; n++) await new Promise((resolve) => setImmediate(resolve));
    answer({usage: 99, quota: 100});
    const warning = {code: 'quota', message: 'there is no room for what was to be written', usage: 99, quota: 100};
    await until(() => a.warnings.length > 0 && b.warnings.length > 0, 'both are told');
    assert.deepEqual([a.warnings, b.warnings], [[warning], [warning]]);
    made.unstored = null;
    made.estimate = () => Promise.resolve({usage: 99, quota: 100});
    await until(() => a.store.role === 'follower', 'the worker was ended');
    await add(b);
    await add(a);
    assert.deepEqual([a.warnings.length, b.warnings.length], [1, 1], 'another worker, the same trouble');
});

test('a store that is nearly full says so when it is opened', async (t) => {
    const made = browser(t);
    made.room = {usage: 90, quota: 100};
    const a = await made.open();
    await until(() => a.warnings.length === 1, 'it is told');
    assert.deepEqual(a.warnings, [{code: 'quota', message: '90 % of the room that the browser grants this origin are used', usage: 90, quota: 100}]);
});

test('room is asked for once a minute, and told again when there was some in between', async () => {
    let room: {usage?: number; quota?: number} = {usage: 89, quota: 100};
    let asked = 0;
    let now = 0;
    const told: string[] = [];
    const watch = new QuotaWatch(
        () => {
            asked++;
            return Promise.resolve(room);
        },
        ({message}) => told.push(message),
        () => now,
    );
    const wrote = async (usage: number): Promise<void> => {
        room = {usage, quota: 100};
        watch.wrote();
        watch.wrote();
        await new Promise((resolve) => setImmediate(resolve));
        now += 60_000;
    };
    for (const usage of [89, 95, 85, 95, 79, 91]) await wrote(usage);
    assert.equal(asked, 6);
    assert.deepEqual(told.map((message) => message.slice(0, 4)), ['95 %', '91 %']);
    const blind = new QuotaWatch(() => Promise.reject(new Error('no')), (warning) => assert.deepEqual([warning.code, 'usage' in warning && warning.usage], ['quota', null]));
    blind.wrote();
    await blind.full();
    assert.equal(blind.warning?.code, 'quota');
});

test('a store that cannot be opened says why', async (t) => {
    const made = browser(t);
    made.refuse = new SynclineError('storage_corrupt', 'the file is damaged');
    await assert.rejects(made.open(), {code: 'storage_corrupt'});
    made.refuse = null;
    const schema = {collections: {tasks: {fields: {}}}} as const;
    await made.open({schema});
    await made.open({schema});
    await assert.rejects(made.open({schema: {collections: {}}}), {code: 'schema_incompatible'});
});

test('a tab of a version that talks otherwise does not share the store', async (t) => {
    const made = browser(t);
    const a = await made.open();
    const channel = new BroadcastChannel(`syncline:${made.name}`);
    t.after(() => channel.close());
    const answers: {t: string; tab?: string}[] = [];
    channel.onmessage = (event) => answers.push((event as MessageEvent<{t: string}>).data);
    channel.postMessage({t: 'join', tab: 'other', protocol: 999, version: '9.9'});
    await until(() => a.events.includes('clash 9.9'), 'the leader\'s page hears it');
    assert.deepEqual(answers.find(({t: what}) => what === 'clash'), {t: 'clash', tab: 'other', protocol: 3, version: '0.1.0'});
    // And a page whose leader speaks otherwise.
    channel.postMessage({t: 'leader', leader: 'x', protocol: 998, version: '9.8'});
    const b = await made.open();
    channel.postMessage({t: 'leader', leader: 'x', protocol: 998, version: '9.8'});
    await until(() => b.events.includes('clash 9.8'), 'the follower hears it');
});

test('who is told to connect stays connected across leaders, and who is offline stays offline', async (t) => {
    const made = browser(t);
    const a = await made.open({url: 'ws://relay', token: () => 'secret'});
    const b = await made.open({url: 'ws://relay', token: () => Promise.resolve('of b')});
    assert.equal(made.engine.connected, 'ws://relay');
    assert.equal(await made.engine.tokens?.(), 'secret');
    await b.store.space('s').inSync(1000);
    await b.store.disconnect();
    assert.equal(made.engine.connected, null);
    a.kill();
    await until(() => b.store.role === 'leader', 'the other leads');
    await b.store.spaces();
    assert.equal(made.engine.connected, null);
    await b.store.connect();
    assert.equal(made.engine.connected, 'ws://relay');
    assert.equal(await made.engine.tokens?.(), 'of b');
    await assert.rejects((await made.open()).store.connect(), {code: 'invalid_argument'});
});

test('the status is told before the answer that changed it', async (t) => {
    const made = browser(t);
    const a = await made.open();
    const space = a.store.space('s');
    await add(a);
    assert.equal(space.status().cursor, 1);
    const seen: number[] = [];
    space.observeStatus(({cursor}) => seen.push(cursor));
    const before = space.status();
    await space.digest();
    assert.equal(space.status(), before);
    await add(a);
    assert.deepEqual(seen, [2]);
    await assert.rejects(space.inSync(5), {code: 'timed_out'});
});

test('an undo stack is empty after a hand-over, and works', async (t) => {
    const made = browser(t);
    const a = await made.open();
    const b = await made.open();
    const undo = await b.store.space('s').undo();
    const told: UndoChange[] = [];
    undo.observe((change) => told.push(change));
    await undo.transact((tx) => tx.document('tasks', 't').set('n', 1));
    assert.deepEqual([undo.canUndo, told], [true, [{canUndo: true, canRedo: false, lost: false}]]);
    a.kill();
    await until(() => !undo.canUndo, 'it is empty');
    assert.deepEqual(told.at(-1), {canUndo: false, canRedo: false, lost: true});
    await undo.transact((tx) => tx.document('tasks', 't').set('n', 2));
    assert.equal(undo.canUndo, true);
    assert.equal(await undo.undo(), true);
    assert.deepEqual(told.slice(2).map(({lost}) => lost), [false, false]);
    undo.close();
    await assert.rejects(undo.undo(), {code: 'closed'});

});

test('tabs see each other, as long as they are here', async (t) => {
    const made = browser(t);
    const a = await made.open();
    const b = await made.open();
    const c = await made.open();
    const here = (tab: FakeTab): unknown[] => tab.store.space('s').presence.others().map(({value}) => value);
    for (const [tab, value] of [[a, 'ada'], [b, 'bo'], [c, 'cy']] as const) tab.store.space('s').presence.set(value);
    await until(() => here(a).length === 2 && here(c).length === 2, 'each sees the two others');
    assert.deepEqual(here(a).sort(), ['bo', 'cy']);
    const before = a.store.space('s').presence.others();
    c.kill();
    await until(() => here(b).length === 1, 'one that is gone is not here');
    await until(() => a.store.space('s').presence.others() !== before, 'a list that is another one is another array');
    a.kill();
    await until(() => b.store.role === 'leader' && here(b).length === 0, 'the leader, too');
    const d = await made.open();
    d.store.space('s').presence.set('di');
    await until(() => here(b).length === 1 && here(d)[0] === 'bo', 'what was said is said again to the next leader');
    b.store.space('s').presence.clear();
    await until(() => here(d).length === 0, 'until it is taken back');
});
