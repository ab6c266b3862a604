import type {TextDelta} from '../../../wasm/js/api.js';
import {DeltaBuilder, splitsPair} from '../../../wasm/js/delta.js';
import type {Random} from './random.js';

const letters = ['a', 'b', 'c', ' ', 'é', '汉', '😀', '👩‍🚀'];

export function someText(random: Random, pieces: number): string {
    return Array.from({length: random.below(pieces + 1)}, () => random.pick(letters)).join('');
}

/** The next place at or behind `at` that is between two characters. */
export function wholeFrom(text: string, at: number): number {
    return splitsPair(text, at) ? at + 1 : at;
}

/** A delta of the text that a person could type, or several people, as one. */
export function someDelta(random: Random, text: string, marks: 'marks' | 'plain' = 'plain'): TextDelta {
    const delta = new DeltaBuilder();
    for (let at = 0; at < text.length; ) {
        const end = wholeFrom(text, Math.min(text.length, at + 1 + random.below(6)));
        if (random.oneIn(3)) delta.insert(someText(random, 3), marks === 'marks' && random.oneIn(3) ? {bold: true} : undefined);
        if (random.oneIn(3)) delta.delete(end - at);
        else delta.retain(end - at, marks === 'marks' && random.oneIn(3) ? random.pick([{bold: true}, {bold: null}, {size: 2}]) : undefined);
        at = end;
    }
    if (random.oneIn(2)) delta.insert(someText(random, 3));
    return delta.done();
}
