/** Renewed so long before it ends, if it tells when that is; sooner for one that does not live that long. */
const renewBeforeMs = 60_000;
const longestTimerMs = 2 ** 31 - 1;

/**
 * Sees to it that the engine has a new token before the one in use ends, and another try when one was refused. For
 * each connection the engine itself asks, by `ask`.
 */
export class TokenKeeper {
    private timer: ReturnType<typeof setTimeout> | undefined;
    private last: string | null = null;
    private retrying = false;
    private ended = false;

    constructor(
        private readonly asked: () => Promise<string | null>,
        private readonly use: {renew(token: string): void; reconnect(): void},
    ) {}

    /** What the engine asks before it connects. */
    readonly ask = async (): Promise<string | null> => {
        const token = await this.asked();
        if (this.ended) return token;
        this.last = token;
        clearTimeout(this.timer);
        const ends = token === null ? null : expiryOf(token);
        if (ends !== null) {
            const left = ends - Date.now();
            const wait = Math.min(longestTimerMs, Math.max(1_000, left - renewBeforeMs, Math.min(left, renewBeforeMs) / 2));
            this.timer = setTimeout(() => void this.renew(), wait);
        }
        return token;
    };

    /** The engine gave up, since the relay wants no such token. With another one it is worth a try. */
    refused(): void {
        if (this.retrying || this.ended) return;
        this.retrying = true;
        const refused = this.last;
        this.ask()
            .then((token) => {
                if (!this.ended && token !== null && token !== refused) this.use.reconnect();
            })
            .catch(() => undefined)
            .finally(() => {
                this.retrying = false;
            });
    }
    end(): void {
        this.ended = true;
        clearTimeout(this.timer);
    }

    private async renew(): Promise<void> {
        const token = await this.ask().catch(() => null);
        if (!this.ended && token !== null) this.use.renew(token);
    }
}

/** When a token ends, milliseconds since 1970, if it is a JSON Web Token that says so. */
export function expiryOf(token: string): number | null {
    try {
        const payload = (token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/');
        const {exp} = JSON.parse(atob(payload)) as {exp?: unknown};
        return typeof exp === 'number' ? exp * 1000 : null;
    } catch {
        return null;
    }
}
