import type {Warning} from './api.js';

/** From here on a clock is wrong; the relay refuses stamps that are so far ahead. */
const skewedMs = 60_000;

/** Warns when this device's clock and the relay's differ: once, until they agree again. */
export class ClockWatch {
    /** What is told to who comes now. */
    warning: Warning | null = null;

    constructor(private readonly warn: (warning: Warning) => void) {}

    /** The relay's clock minus ours, as a new connection measured it. */
    connected(offsetMs: number): void {
        if (Math.abs(offsetMs) < skewedMs) {
            this.warning = null;
        } else if (this.warning === null) {
            const seconds = Math.round(Math.abs(offsetMs) / 1000);
            const message = `this device's clock is ${seconds} s ${offsetMs > 0 ? 'behind' : 'ahead of'} the relay's`;
            this.warning = {code: 'clock_skew', message, offsetMs};
            this.warn(this.warning);
        }
    }
}
