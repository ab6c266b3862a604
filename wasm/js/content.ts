import type {TextContent, TextDelta, Value} from './api.js';
import {compose, DeltaBuilder, difference} from './delta.js';
import {encodeJson} from './json.js';

/**
 * Texts with their marks: deltas of inserts alone, so that `compose(content, delta)` is the content after the delta.
 *
 * Law (tested): `compose(a, contentDifference(a, b))` equals `b`.
 */

type Properties = Readonly<Record<string, Value>>;

/** The content after a delta of it. */
export function changed(content: TextContent, delta: TextDelta): TextContent {
    return compose(content, delta) as TextContent;
}

/** Pieces in the one form that a content has. */
export function contentOf(pieces: readonly {readonly text: string; readonly properties: Properties}[]): TextContent {
    const content = new DeltaBuilder();
    for (const {text, properties} of pieces) content.insert(text, Object.keys(properties).length === 0 ? undefined : properties);
    return content.done() as TextContent;
}

/** Without the marks. */
export function plain(content: TextContent): string {
    return content.map(({insert}) => insert).join('');
}

/** A delta from one to the other: what differs in the middle of the text, and then what differs in marks. */
export function contentDifference(before: TextContent, after: TextContent): TextDelta {
    const typed = difference(plain(before), plain(after));
    const marks = new DeltaBuilder();
    const now = changed(before, typed);
    // Both are the same text, cut where their marks change.
    for (let at = 0, nowAt = 0, left = now[0]?.insert.length ?? 0, wanted = 0; at < after.length; at++) {
        wanted = after[at]?.insert.length ?? 0;
        while (wanted > 0) {
            const length = Math.min(left, wanted);
            marks.retain(length, differing(now[nowAt]?.properties, after[at]?.properties));
            wanted -= length;
            left -= length;
            if (left === 0) left = now[++nowAt]?.insert.length ?? Infinity;
        }
    }
    return compose(typed, marks.done());
}

/** What takes one to the other; null takes a mark away. */
function differing(before: Properties = {}, after: Properties = {}): Properties | undefined {
    const change: Record<string, Value> = {};
    for (const name of Object.keys(before)) if (!Object.hasOwn(after, name)) change[name] = null;
    for (const [name, value] of Object.entries(after)) {
        if (!Object.hasOwn(before, name) || encodeJson(before[name] as Value) !== encodeJson(value)) change[name] = value;
    }
    return Object.keys(change).length === 0 ? undefined : change;
}
