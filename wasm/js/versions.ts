/** Less than 0 if the first is older; as numbers, part by part. */
function compare(one: string, other: string): number {
    const parts = (version: string): number[] => version.split('.').map((part) => Number.parseInt(part, 10) || 0);
    const [ones, others] = [parts(one), parts(other)];
    for (let at = 0; at < Math.max(ones.length, others.length); at++) {
        const difference = (ones[at] ?? 0) - (others[at] ?? 0);
        if (difference !== 0) return difference;
    }
    return 0;
}

/** What a person can do about two tabs of versions that cannot share a store, told to the one of `ours`. */
export function clashAdvice(ours: string, theirs: string): string {
    const order = compare(ours, theirs);
    const why = `another tab runs version ${theirs} of the library, this one ${ours}, and they cannot share the store`;
    if (order < 0) return `${why}: this one is the older, reload it`;
    return `${why}: ${order > 0 ? 'the other is the older, reload or close it' : 'close one of them'}`;
}
