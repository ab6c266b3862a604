import type {Warning} from './api.js';

/** What the browser says of an origin's room, in bytes. */
export type Estimate = () => Promise<{readonly usage?: number | undefined; readonly quota?: number | undefined}>;

/** It is asked so often at most. */
const lookEveryMs = 60_000;
const tight = 0.9;
/** With so little used there is room again. */
const roomy = 0.8;

/** Warns when the store's room is nearly, or quite, used up: once, until there was room in between. */
export class QuotaWatch {
    /** What is told to who comes now. */
    warning: Warning | null = null;
    private lookedAt = -Infinity;
    /** While being full is about to be told. */
    private filling: Promise<void> | null = null;

    constructor(
        private readonly estimate: Estimate | undefined,
        private readonly warn: (warning: Warning) => void,
        private readonly now: () => number = Date.now,
    ) {}

    /** Something was written. Asks the browser, if it was not asked lately. */
    wrote(): void {
        if (this.now() - this.lookedAt < lookEveryMs) return;
        this.lookedAt = this.now();
        void this.look();
    }
    /** A write found no room. Resolves when that is told. */
    async full(): Promise<void> {
        if (this.warning?.message === fullMessage) return;
        // Who comes meanwhile hears it with all others, and not twice.
        this.filling ??= this.tellFull();
        return this.filling;
    }

    private async tellFull(): Promise<void> {
        const {usage, quota} = await this.ask();
        this.filling = null;
        this.set({code: 'quota', message: fullMessage, usage, quota});
    }

    private async look(): Promise<void> {
        const {usage, quota} = await this.ask();
        if (usage === null || quota === null) return;
        if (usage >= tight * quota && this.warning === null && this.filling === null) {
            const percent = Math.floor((100 * usage) / quota);
            this.set({code: 'quota', message: `${percent} % of the room that the browser grants this origin are used`, usage, quota});
        } else if (usage < roomy * quota) {
            this.warning = null;
        }
    }
    private set(warning: Warning): void {
        this.warning = warning;
        this.warn(warning);
    }
    private async ask(): Promise<{usage: number | null; quota: number | null}> {
        try {
            const {usage = null, quota = null} = (await this.estimate?.()) ?? {};
            return {usage, quota};
        } catch {
            return {usage: null, quota: null};
        }
    }
}

const fullMessage = 'there is no room for what was to be written';
