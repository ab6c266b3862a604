import {Text} from '@codemirror/state';
import type {ChangeSet, ChangeSpec} from '@codemirror/state';
import type {TextDelta} from '../api.js';

/** What the changes of one transaction do to its document, as a delta. */
export function deltaOf(changes: ChangeSet): TextDelta {
    const delta: TextDelta[number][] = [];
    let at = 0;
    changes.iterChanges((from, to, _fromAfter, _toAfter, inserted) => {
        if (from > at) delta.push({retain: from - at});
        if (to > from) delta.push({delete: to - from});
        if (inserted.length > 0) delta.push({insert: inserted.toString()});
        at = to;
    });
    return delta;
}

/** What the delta does to a document, as changes of one transaction. */
export function changesOf(delta: TextDelta): ChangeSpec {
    const changes: {from: number; to?: number; insert?: Text}[] = [];
    let at = 0;
    for (const step of delta) {
        if ('retain' in step) {
            at += step.retain;
        } else if ('delete' in step) {
            changes.push({from: at, to: at + step.delete});
            at += step.delete;
        } else {
            changes.push({from: at, insert: Text.of(step.insert.split('\n'))});
        }
    }
    return changes;
}

/** The smallest single replacement that makes `before` into `after`; undefined if they are equal. */
export function replacement(before: string, after: string): {from: number; to: number; insert: Text} | undefined {
    if (before === after) return undefined;
    const shorter = Math.min(before.length, after.length);
    let start = 0;
    while (start < shorter && before[start] === after[start]) start += 1;
    let end = 0;
    while (end < shorter - start && before[before.length - 1 - end] === after[after.length - 1 - end]) end += 1;
    return {
        from: start,
        to: before.length - end,
        insert: Text.of(after.slice(start, after.length - end).split('\n')),
    };
}
