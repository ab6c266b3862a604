import assert from 'node:assert/strict';
import {test} from 'node:test';
import {apply, check, compose, DeltaBuilder, difference, isIdle, splitsPair, transform, transformPosition} from '../../../wasm/js/delta.js';
import type {TextDelta, Value} from '../../../wasm/js/api.js';
import {changed, contentDifference, contentOf, plain} from '../../../wasm/js/content.js';
import {Random} from './random.js';
import {someDelta, someText} from './some-deltas.js';

const seeds = 3000;

/** Character by character, with what marks it: what a reader would see. */
type Marked = readonly (readonly [string, Readonly<Record<string, Value>>])[];

/** `apply` once more, the slow way, with properties. */
function applyMarked(text: Marked, delta: TextDelta): Marked {
    const result: (readonly [string, Readonly<Record<string, Value>>])[] = [];
    let at = 0;
    for (const piece of delta) {
        if ('insert' in piece) for (const unit of piece.insert.split('')) result.push([unit, settle(piece.properties ?? {})]);
        else if ('delete' in piece) at += piece.delete;
        else for (const end = at + piece.retain; at < end; at++) result.push([text[at]![0], settle({...text[at]![1], ...piece.properties})]);
    }
    return [...result, ...text.slice(at)];
}
function settle(properties: Readonly<Record<string, Value>>): Readonly<Record<string, Value>> {
    return Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== null).sort());
}
const unmarked = (text: string): Marked => text.split('').map((unit) => [unit, {}] as const);

function forSeeds(run: (random: Random, seed: number) => void): void {
    for (let seed = 1; seed <= seeds; seed++) {
        try {
            run(new Random(seed), seed);
        } catch (error) {
            throw new Error(`with seed ${seed}: ${String(error)}`, {cause: error});
        }
    }
}

test('a delta does what its pieces say', () => {
    const delta = new DeltaBuilder().retain(1).insert('xy').delete(2).retain(1).done();
    assert.deepEqual(delta, [{retain: 1}, {insert: 'xy'}, {delete: 2}]);
    assert.equal(apply('abcd', delta), 'axyd');
    assert.equal(apply('abc', []), 'abc');
    assert.ok(isIdle(new DeltaBuilder().retain(3).done()));
    assert.deepEqual(new DeltaBuilder().delete(1).insert('a').delete(1).insert('b').done(), [{insert: 'ab'}, {delete: 2}]);
});

test('two deltas, one after the other, are one', () => {
    forSeeds((random) => {
        const text = someText(random, 12);
        const a = someDelta(random, text, 'marks');
        const between = apply(text, a);
        const b = someDelta(random, between, 'marks');
        const both = compose(a, b);
        assert.equal(apply(text, both), apply(between, b));
        assert.deepEqual(applyMarked(unmarked(text), both), applyMarked(applyMarked(unmarked(text), a), b));
        const c = someDelta(random, apply(between, b), 'marks');
        assert.deepEqual(compose(compose(a, b), c), compose(a, compose(b, c)));
    });
});

test('two deltas of one text come to the same in either order', () => {
    forSeeds((random) => {
        const text = someText(random, 12);
        const a = someDelta(random, text, 'marks');
        const b = someDelta(random, text, 'marks');
        const ab = compose(a, transform(b, a, 'later'));
        const ba = compose(b, transform(a, b, 'earlier'));
        assert.equal(apply(text, ab), apply(text, ba));
        assert.deepEqual(applyMarked(unmarked(text), ab), applyMarked(unmarked(text), ba));
    });
});

test('of two inserts at one place the earlier stands in front', () => {
    const [a, b]: TextDelta[] = [[{insert: 'A'}], [{insert: 'B'}]] as TextDelta[];
    assert.equal(apply(apply('', a!), transform(b!, a!, 'later')), 'AB');
    assert.equal(apply(apply('', b!), transform(a!, b!, 'earlier')), 'AB');
});

test('no surrogate pair is ever split', () => {
    forSeeds((random) => {
        const text = someText(random, 10);
        const a = someDelta(random, text);
        const b = someDelta(random, text);
        const after = apply(text, a);
        check(a, text);
        check(transform(b, a, 'later'), after);
        check(compose(a, transform(b, a, 'later')), text);
        const other = someText(random, 10);
        const change = difference(text, other);
        check(change, text);
        assert.equal(apply(text, change), other);
    });
});

test('what splits a character, or goes beyond the text, is refused', () => {
    const refused = (delta: TextDelta, text: string): void => assert.throws(() => check(delta, text), {code: 'invalid_argument'});
    refused([{retain: 1}, {insert: 'x'}], '😀');
    refused([{delete: 1}], '😀');
    refused([{retain: 1}, {delete: 1}], '😀');
    refused([{retain: 3}, {insert: 'x'}], '😀');
    refused([{insert: '\ud800'}], '');
    refused([{insert: 'a\udc00'}], '');
    refused([{delete: -1}], 'ab');
    refused([{retain: 0.5}], 'ab');
    check([{retain: 1}, {retain: 1}, {insert: 'x'}], '😀');
    assert.ok(splitsPair('a😀', 2));
});

test('the difference of texts is what differs in the middle', () => {
    assert.deepEqual(difference('hello world', 'hello, world'), [{retain: 5}, {insert: ','}]);
    assert.deepEqual(difference('aaa', 'aa'), [{retain: 2}, {delete: 1}]);
    assert.deepEqual(difference('x😀y', 'x😁y'), [{retain: 1}, {insert: '😁'}, {delete: 2}]);
    assert.deepEqual(difference('same', 'same'), []);
});

test('a position stays with the text around it', () => {
    const delta = new DeltaBuilder().retain(2).insert('xx').delete(2).done();
    assert.equal(transformPosition(1, delta, 'right'), 1);
    assert.equal(transformPosition(2, delta, 'left'), 2);
    assert.equal(transformPosition(2, delta, 'right'), 4);
    assert.equal(transformPosition(3, delta, 'right'), 4);
    assert.equal(transformPosition(5, delta, 'right'), 5);
    forSeeds((random) => {
        const text = someText(random, 10);
        const edit = someDelta(random, text);
        const position = random.below(text.length + 1);
        const moved = transformPosition(position, edit, 'right');
        assert.ok(moved >= 0 && moved <= apply(text, edit).length);
    });
});

test('the difference of two marked texts makes the one into the other', () => {
    forSeeds((random) => {
        const some = (): ReturnType<typeof contentOf> => {
            const text = someText(random, 10);
            return changed(text === '' ? [] : [{insert: text}], someDelta(random, text, 'marks'));
        };
        const [a, b] = [some(), some()];
        assert.deepEqual(changed(a, contentDifference(a, b)), b);
        assert.ok(isIdle(contentDifference(a, b)) === (JSON.stringify(a) === JSON.stringify(b)));
        assert.equal(plain(changed(a, contentDifference(a, b))), plain(b));
    });
    const link = {insert: 'x', properties: {link: {to: ['y']}}};
    assert.deepEqual(contentDifference([link], [{...link, properties: {link: {to: ['y']}}}]), []);
    assert.deepEqual(contentDifference([link], [{insert: 'xy'}]), [{retain: 1, properties: {link: null}}, {insert: 'y'}]);
    assert.deepEqual(contentOf([{text: 'a', properties: {}}, {text: 'b', properties: {}}]), [{insert: 'ab'}]);
});
