import assert from 'node:assert/strict';
import {test} from 'node:test';
import {createElement, startTransition, useState} from 'react';
import {hydrateRoot} from 'react-dom/client';
import {renderToString} from 'react-dom/server';
import {
    SynclineProvider,
    useCollection,
    useDocument,
    useLiveText,
    usePresence,
    useSpace,
    useSyncStatus,
    useUndo,
} from '../../../wasm/js/react/index.js';
import type {CollectionOptions} from '../../../wasm/js/react/index.js';
import type {PresenceEntry, Value} from '../../../wasm/js/api.js';
import {sameValue} from '../../../wasm/js/react/same-value.js';
import {FakeSpace} from '../support/fake-space.js';
import type {FakeText} from '../support/fake-text.js';
import {happen, mount, probe} from './mount.js';

function spaceWith(titles: Record<string, string>): FakeSpace {
    const space = new FakeSpace();
    for (const [id, title] of Object.entries(titles)) set(space, id, title);
    return space;
}

function set(space: FakeSpace, id: string, title: string): void {
    space.apply((tx) => tx.document('tasks', id).set('title', title));
}

const person = (key: string): PresenceEntry => ({key, replica: key, subject: null, value: null});

test('a document is shown when it is loaded, and follows its changes', async () => {
    const space = spaceWith({a: 'Milk'});
    const Task = probe(
        () => useDocument('tasks', 'a'),
        ({value, loaded}) => (loaded ? String(value?.title) : 'loading'),
    );
    let open = (): void => undefined;
    space.gate = new Promise((resolve) => (open = resolve));
    const page = await mount(space, createElement(Task));
    assert.equal(page.text(), 'loading');
    await happen(open);
    assert.equal(page.text(), 'Milk');
    await happen(() => set(space, 'a', 'Bread'));
    assert.equal(page.text(), 'Bread');
    await happen(() => space.apply((tx) => tx.document('tasks', 'a').deleteDocument()));
    assert.equal(page.text(), 'undefined');
});

test('a document that does not exist is loaded, too', async () => {
    const Task = probe(
        () => useDocument('tasks', 'none'),
        ({value, loaded}) => `${loaded} ${value}`,
    );
    const page = await mount(new FakeSpace(), createElement(Task));
    assert.equal(page.text(), 'true undefined');
});

test('what cannot be loaded says why', async () => {
    const space = new FakeSpace();
    space.gate = Promise.reject(new Error('storage_corrupt'));
    const Task = probe(
        () => useDocument('tasks', 'a'),
        ({error, loaded}) => `${loaded} ${error?.message}`,
    );
    const Tasks = probe(
        () => useCollection('tasks'),
        ({error, loaded}) => `${loaded} ${error?.message}`,
    );
    const page = await mount(space, [createElement(Task, {key: 1}), createElement(Tasks, {key: 2})]);
    assert.equal(page.text(), 'false storage_corruptfalse storage_corrupt');
});

for (const mode of ['strict', 'plain'] as const) {
    test(`nothing stays subscribed after the page is gone (${mode})`, async () => {
        const space = spaceWith({a: 'Milk'});
        const All = probe(() => [
            useDocument('tasks', 'a'),
            useCollection('tasks'),
            useSyncStatus(),
            usePresence({name: 'Ada'}),
            useUndo(),
        ]);
        const page = await mount(space, createElement(All), mode);
        const listeners = (): number[] => [
            space.collection('tasks').listeners.size,
            space.statusListeners.size,
            space.presenceListeners.size,
        ];
        assert.deepEqual(listeners(), [2, 1, 1], 'one subscription for each hook, also under StrictMode');
        await page.unmount();
        assert.deepEqual(listeners(), [0, 0, 0]);
        assert.equal(space.said.at(-1), undefined, 'presence is cleared');
        assert.ok(space.stacks.length > 0 && space.stacks.every((stack) => stack.closed));
        assert.deepEqual(
            space.stacks.map((stack) => stack.listeners.size),
            space.stacks.map(() => 0),
        );
    });
}

test('a change of another document renders nothing', async () => {
    const space = spaceWith({a: 'Milk', b: 'Bread'});
    const One = probe(() => useDocument('tasks', 'a'));
    const Some = probe(() =>
        useCollection('tasks', {
            filter: (task) => task.title !== 'Soap',
            sort: ([, a], [, b]) => (String(a.title) < String(b.title) ? -1 : 1),
        }),
    );
    await mount(space, [createElement(One, {key: 1}), createElement(Some, {key: 2})], 'plain');
    set(space, 'c', 'Soap');
    const [one, some, {entries}] = [One.renders, Some.renders, Some.last];
    await happen(() => set(space, 'c', 'Soap'));
    await happen(() => space.apply((tx) => tx.document('people', 'p').set('name', 'Ada')));
    assert.deepEqual([One.renders, Some.renders], [one, some]);
    assert.equal(Some.last.entries, entries);
    await happen(() => set(space, 'b', 'Butter'));
    assert.deepEqual([One.renders, Some.renders], [one, some + 1]);
    assert.deepEqual(
        Some.last.entries.map(([id]) => id),
        ['b', 'a'],
    );
});

test('an inline filter gives the same array while it gives the same documents', async () => {
    const space = spaceWith({a: 'Milk', b: 'Bread'});
    let again = (): void => undefined;
    const Tasks = probe(() => {
        const [, setRound] = useState(0);
        again = () => setRound((round) => round + 1);
        return useCollection('tasks', {filter: () => true}).entries;
    });
    await mount(space, createElement(Tasks));
    const [entries, renders] = [Tasks.last, Tasks.renders];
    await happen(() => again());
    assert.ok(Tasks.renders > renders);
    assert.equal(Tasks.last, entries);
});

test('an inline filter sees the props of the latest render', async () => {
    const space = spaceWith({a: 'Milk', b: 'Bread'});
    const Tasks = ({only}: {only: string}) =>
        useCollection('tasks', {filter: (task) => task.title === only})
            .entries.map(([id]) => id)
            .join();
    const page = await mount(space, createElement(Tasks, {only: 'Milk'}));
    assert.equal(page.text(), 'a');
    await page.show(createElement(Tasks, {only: 'Bread'}));
    assert.equal(page.text(), 'b');
    await happen(() => set(space, 'a', 'Bread'));
    assert.equal(page.text(), 'a,b');
});

test('another id or collection shows that one, and lets go of the first', async () => {
    const space = spaceWith({a: 'Milk', b: 'Bread'});
    space.apply((tx) => tx.document('done', 'x').set('title', 'Soap'));
    const Task = ({id}: {id: string}) => String(useDocument('tasks', id).value?.title);
    const Names = ({name}: {name: string}) =>
        useCollection(name)
            .entries.map(([id]) => id)
            .join();
    const page = await mount(space, [
        createElement(Task, {key: 1, id: 'a'}),
        createElement(Names, {key: 2, name: 'tasks'}),
    ]);
    await page.show([createElement(Task, {key: 1, id: 'b'}), createElement(Names, {key: 2, name: 'done'})]);
    assert.equal(page.text(), 'Breadx');
    assert.equal(space.collection('tasks').listeners.size, 1);
});

test('two components show one state, also while a transition renders', async () => {
    const space = spaceWith({a: 'one'});
    const torn: string[] = [];
    const Pair = () => {
        const left = String(useDocument('tasks', 'a').value?.title);
        const right = useCollection('tasks')
            .entries.map(([, task]) => task.title)
            .join();
        if (left !== 'undefined' && right !== '' && left !== right) torn.push(`${left} ${right}`);
        return `${left} ${right};`;
    };
    let setShown = (_: number): void => undefined;
    const Pairs = () => {
        const [shown, set] = useState(1);
        setShown = set;
        return Array.from({length: shown}, (_, key) => createElement(Pair, {key}));
    };
    const page = await mount(space, createElement(Pairs));
    await happen(() => {
        startTransition(() => setShown(50));
        set(space, 'a', 'two');
    });
    assert.equal(page.text(), 'two two;'.repeat(50));
    assert.deepEqual(torn, []);
});

test('the status follows the connection', async () => {
    const space = new FakeSpace();
    const Status = probe(useSyncStatus, ({connection, pending}) => `${connection} ${pending}`);
    const page = await mount(space, createElement(Status));
    assert.equal(page.text(), 'offline 0');
    await happen(() => space.setStatus({connection: 'connected', pending: 2}));
    assert.equal(page.text(), 'connected 2');
});

test('presence is sent when it differs in content, and not at each render', async () => {
    const space = new FakeSpace();
    const Me = ({at}: {at: Value}) =>
        usePresence({at, bytes: new Uint8Array([1, 2])})
            .map(({key}) => key)
            .join();
    const page = await mount(space, createElement(Me, {at: ['x', 1]}), 'plain');
    await page.show(createElement(Me, {at: ['x', 1]}));
    assert.equal(space.said.length, 1);
    await page.show(createElement(Me, {at: ['x', 2]}));
    assert.deepEqual(
        space.said.map((value) => (value as {at: Value} | undefined)?.at),
        [
            ['x', 1],
            ['x', 2],
        ],
    );
    await happen(() => space.setOthers(person('bo'), person('cy')));
    assert.equal(page.text(), 'bo,cy');
});

test('under StrictMode presence is said at the end of mounting', async () => {
    const space = new FakeSpace();
    const Me = () => usePresence('here').length;
    await mount(space, createElement(Me));
    assert.equal(space.said.at(-1), 'here');
});

test('who only looks says nothing', async () => {
    const space = new FakeSpace();
    const Others = () => usePresence().length;
    const page = await mount(space, createElement(Others));
    await page.unmount();
    assert.deepEqual(space.said, []);
});

test('undo takes back what went through it, for all components of the provider', async () => {
    const space = spaceWith({a: 'Milk'});
    const Button = probe(useUndo, ({canUndo}) => String(canUndo));
    const Other = probe(useUndo, ({canUndo}) => String(canUndo));
    const page = await mount(space, [createElement(Button, {key: 1}), createElement(Other, {key: 2})]);
    assert.equal(page.text(), 'falsefalse');
    assert.equal(space.stacks.filter((stack) => !stack.closed).length, 1);
    const {transact} = Button.last;
    await happen(() => transact((tx) => tx.document('tasks', 'a').set('title', 'Bread')));
    assert.equal(page.text(), 'truetrue');
    assert.equal(Button.last.transact, transact, 'the functions keep their identity');
    await happen(async () => assert.equal(await Other.last.undo(), true));
    assert.equal(space.document('tasks', 'a').value, undefined, 'nothing is loaded here');
    assert.equal(space.collection('tasks').documents.get('a')?.title, 'Milk');
    assert.equal(page.text(), 'falsefalse');
    assert.equal(await Button.last.undo(), false);
});

test('an edit runs at once, before anything else can change what it counts on', async () => {
    const space = spaceWith({a: 'Milk'});
    const Button = probe(useUndo, ({canUndo}) => String(canUndo));
    await mount(space, createElement(Button));
    let ran = false;
    await happen(async () => {
        const done = Button.last.transact(() => (ran = true));
        assert.ok(ran);
        await done;
    });
});

test('what can be undone outlives the button', async () => {
    const space = spaceWith({a: 'Milk'});
    const Button = probe(useUndo, ({canUndo}) => String(canUndo));
    const page = await mount(space, createElement(Button));
    await happen(() => Button.last.transact((tx) => tx.document('tasks', 'a').set('title', 'Bread')));
    await page.show(null);
    await page.show(createElement(Button));
    assert.equal(page.text(), 'true');
});

test('that what could be undone is lost is told, until something is recorded again', async () => {
    const space = spaceWith({a: 'Milk'});
    const Button = probe(useUndo, ({canUndo, lost}) => `${canUndo} ${lost}`);
    const page = await mount(space, createElement(Button));
    const edit = (): Promise<void> => happen(() => Button.last.transact((tx) => tx.document('tasks', 'a').set('title', 'Bread')));
    await edit();
    assert.equal(page.text(), 'true false');
    await happen(async () => space.stacks.find(({closed}) => !closed)?.lose());
    assert.equal(page.text(), 'false true');
    await page.show(null);
    await page.show(createElement(Button));
    assert.equal(page.text(), 'false true', 'who comes later is told, too');
    await edit();
    assert.equal(page.text(), 'true false');
});

test('a server renders nothing loaded, nobody and offline', () => {
    const space = spaceWith({a: 'Milk'});
    const options: CollectionOptions = {filter: () => true};
    const All = () =>
        [
            useDocument('tasks', 'a').loaded,
            useCollection('tasks', options).entries.length,
            useSyncStatus().connection,
            usePresence('x').length,
            useUndo().canUndo,
        ].join(' ');
    assert.equal(
        renderToString(createElement(SynclineProvider, {space: space.asSpace}, createElement(All))),
        'false 0 offline 0 false',
    );
    assert.equal(space.said.length, 0);
    assert.equal(space.collection('tasks').listeners.size, 0);
});

test('a page that takes over from a server shows the same first, then what there is', async () => {
    const space = spaceWith({a: 'Milk'});
    await space.collection('tasks').load();
    const Task = probe(
        () => useDocument('tasks', 'a'),
        ({value, loaded}) => (loaded ? String(value?.title) : 'loading'),
    );
    const app = createElement(SynclineProvider, {space: space.asSpace}, createElement(Task));
    const element = document.createElement('div');
    element.innerHTML = renderToString(app);
    assert.equal(element.textContent, 'loading');
    const mismatches: unknown[] = [];
    await happen(() => hydrateRoot(element, app, {onRecoverableError: (error) => mismatches.push(error)}));
    assert.equal(element.textContent, 'Milk');
    assert.deepEqual(mismatches, []);
});

test('a live text is open while its component is there', async () => {
    const space = new FakeSpace();
    const Notes = probe(
        () => useLiveText('tasks', 'a', ['notes']),
        ({text}) => text?.value ?? 'none',
    );
    const page = await mount(space, createElement(Notes));
    const opened = (): (FakeText | undefined)[] => space.texts.filter(({closed}) => !closed);
    assert.equal(opened().length, 1);
    assert.equal(Notes.last.text, opened()[0]);
    const renders = Notes.renders;
    await page.show(createElement(Notes));
    assert.ok(Notes.renders > renders);
    assert.equal(opened().length, 1, 'a path written inline is the same path');
    await page.unmount();
    assert.equal(opened().length, 0);
});

test('presence is compared by content', () => {
    const equal: [Value, Value][] = [
        [
            [1, {a: [null]}],
            [1, {a: [null]}],
        ],
        [new Uint8Array([1]), new Uint8Array([1])],
        [NaN, NaN],
        [{}, {}],
    ];
    const different: [Value, Value][] = [
        [[1], new Uint8Array([1])],
        [{a: 1}, {b: 1}],
        [{a: 1}, {a: 1, b: 2}],
        [[], {}],
        [0, '0'],
        [1n, 1],
        [null, {}],
    ];
    for (const [a, b] of equal) assert.ok(sameValue(a, b), String(a));
    for (const [a, b] of different) assert.ok(!sameValue(a, b) && !sameValue(b, a), String(a));
});

test('a hook outside of a provider says what it lacks', () => {
    assert.throws(() => renderToString(createElement(() => useSpace().name)), /SynclineProvider/);
});
