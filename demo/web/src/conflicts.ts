import {useEffect, useMemo, useRef, useState} from 'react';
import type {Space} from 'syncline';
import {useSyncStatus} from 'syncline/react';
import {useSpace} from './hooks';
import type {App, Item} from './model';

/** Titles that lost against the ones shown, by item: written elsewhere at the same time. */
export type Conflicts = ReadonlyMap<string, readonly string[]>;

const pauseMs = 300;

/**
 * The conflicts of all items. A title that loses changes nothing that is shown, so no document tells of it: they are
 * asked for after each change that the relay brought, with a pause in between.
 */
export function useConflicts(items: readonly Item[]): Conflicts {
    const space = useSpace();
    const {cursor} = useSyncStatus();
    const [conflicts, setConflicts] = useState<Conflicts>(new Map());
    const reader = useMemo(() => new Reader(space, setConflicts), [space]);
    const latest = useRef(reader);
    useEffect(() => {
        latest.current = reader;
        reader.start();
        return () => reader.stop();
    }, [reader]);
    useEffect(() => latest.current.ask(items), [items, cursor]);
    return conflicts;
}

/** Asks for one reading at a time; what comes meanwhile is one more after it. */
class Reader {
    private items: readonly Item[] | null = null;
    private busy = false;
    private wanted = true;
    private shown = '';

    constructor(
        private readonly space: Space<App>,
        private readonly show: (conflicts: Conflicts) => void,
    ) {}

    start(): void {
        this.wanted = true;
    }
    stop(): void {
        this.wanted = false;
    }
    ask(items: readonly Item[]): void {
        this.items = items;
        if (!this.busy) void this.run();
    }

    private async run(): Promise<void> {
        this.busy = true;
        while (this.items !== null && this.wanted) {
            const items = this.items;
            this.items = null;
            const read = await Promise.all(items.map(async (item) => [item.id, await this.lost(item)] as const));
            const found = read.filter(([, titles]) => titles.length > 0);
            const text = JSON.stringify(found);
            if (this.wanted && text !== this.shown) this.show(new Map(found));
            this.shown = text;
            await new Promise((resolve) => setTimeout(resolve, pauseMs));
        }
        this.busy = false;
    }

    private async lost(item: Item): Promise<readonly string[]> {
        try {
            const values = await this.space.document('items', item.id).conflicts(['title']);
            return [...new Set(values)].filter((value) => typeof value === 'string' && value !== item.title) as string[];
        } catch {
            return []; // the store is closing; there is nothing to show
        }
    }
}
