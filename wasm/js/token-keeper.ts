/** A token is renewed when so much of its life is over, if it tells how long that is. */
const usedUp = 0.8;
const soonestMs = 1_000;
/** A token that has ended already by this device's clock was made by a right one: we do not know when it ends. */
const unknownLifeMs = 60_000;
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
        /** Gives the engine a token; one that gave up connects with it again. */
        private readonly use: (token: string) => void,
    ) {}

    /** What the engine asks before it connects. */
    readonly ask = async (): Promise<string | null> => {
        const token = await this.asked();
        if (this.ended) return token;
        this.last = token;
        clearTimeout(this.timer);
        const life = token === null ? null : lifeOf(token, Date.now());
        if (life !== null) {
            const wait = life <= 0 ? unknownLifeMs : Math.min(longestTimerMs, Math.max(soonestMs, life * usedUp));
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
                if (!this.ended && token !== null && token !== refused) this.use(token);
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
        if (!this.ended && token !== null) this.use(token);
    }
}

/**
 * How long a token lives from now on, in milliseconds, if it is a JSON Web Token that says so: by its own two times where
 * it has both, since this device's clock may be wrong.
 */
export function lifeOf(token: string, nowMs: number): number | null {
    try {
        const payload = (token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/');
        const {exp, iat} = JSON.parse(atob(payload)) as {exp?: unknown; iat?: unknown};
        if (typeof exp !== 'number') return null;
        return typeof iat === 'number' ? (exp - iat) * 1000 : exp * 1000 - nowMs;
    } catch {
        return null;
    }
}
