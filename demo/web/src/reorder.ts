/** The arithmetic of changing an order by hand. */

/** `list` with the element at `from` taken to `to`. */
export function moved<T>(list: readonly T[], from: number, to: number): readonly T[] {
    const rest = list.filter((_, at) => at !== from);
    return [...rest.slice(0, to), ...list.slice(from, from + 1), ...rest.slice(to)];
}

export interface Extent {
    readonly top: number;
    readonly height: number;
}

/** Where the row at `from` belongs when its middle was dragged by `by`: as many places as middles it has passed. */
export function placeOf(rows: readonly Extent[], from: number, by: number): number {
    const dragged = rows[from];
    if (dragged === undefined) return from;
    const top = dragged.top + by;
    const bottom = top + dragged.height;
    let to = from;
    rows.forEach((row, at) => {
        const middle = row.top + row.height / 2;
        if (at > from && bottom > middle) to = Math.max(to, at);
        if (at < from && top < middle) to = Math.min(to, at);
    });
    return to;
}

/** How far a row steps aside while the one at `from` hovers over `to`, in rows: -1, 0 or 1. */
export function stepAside(at: number, from: number, to: number): -1 | 0 | 1 {
    if (at > from && at <= to) return -1;
    if (at < from && at >= to) return 1;
    return 0;
}
