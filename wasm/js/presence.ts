import type {Presence, PresenceEntry, Stop, Value} from './api.js';
import type {Client} from './client.js';
import {decodeJson, encodeJson} from './json.js';
import {Listeners} from './listeners.js';
import {shared} from './values.js';

/** Who is here, as far as the leader has told. */
export class PagePresence implements Presence {
    private said: string | null = null;
    private here: readonly PresenceEntry[] = Object.freeze([]);
    private readonly listeners = new Listeners<readonly PresenceEntry[]>();

    constructor(
        private readonly client: Client,
        private readonly space: string,
    ) {}

    set(value: Value): void {
        // What cannot be said is told here and now.
        this.said = encodeJson(value);
        this.say();
    }
    clear(): void {
        if (this.said === null) return;
        this.said = null;
        this.client.ask('presenceClear', {space: this.space}).catch(() => undefined);
    }
    others(): readonly PresenceEntry[] {
        return this.here;
    }
    observe(listener: (others: readonly PresenceEntry[]) => void): Stop {
        return this.listeners.add(listener);
    }

    // ---- What the store tells it

    reattached(): void {
        this.say();
    }
    changed(others: string): void {
        const next = shared(this.here as unknown as Value, decodeJson(others)) as unknown as readonly PresenceEntry[];
        if (next === this.here) return;
        this.here = next;
        this.listeners.tell(next);
    }

    private say(): void {
        if (this.said === null) return;
        this.client.ask('presenceSet', {space: this.space, value: this.said}).catch(() => undefined);
    }
}
