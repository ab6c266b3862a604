import type {Problem, Calls, FromPage, PageLink, Tidings, ToPage, Wish} from './protocol.js';
import {SynclineError} from './errors.js';

interface Asked {
    readonly message: Extract<FromPage, {t: 'ask'}>;
    readonly at: number;
    readonly where: 'anywhere' | 'here';
    resolve(value: unknown): void;
    reject(error: SynclineError): void;
}

/** What the page says of itself when a link begins. */
export interface Hello {
    readonly tab: string;
    readonly schema: string | null;
    readonly url: string | null;
    readonly token: (() => string | Promise<string>) | undefined;
}

/** Request ids are kept for a day (docs/storage.md); what is older must not be asked again. */
const askedAgainForMs = 12 * 3600 * 1000;

/**
 * A page's side of whatever links it has, one at a time: asks, waits across leaders, and asks again what was not
 * answered. Everything that holds something at the engine's side (a collection, a stack, a text) says so anew in
 * `onattached`, before what is unanswered is asked again.
 */
export class Client {
    /** Called with each message that is no answer. */
    ontidings: (tidings: Tidings) => void = () => undefined;
    /** A link has begun anew: time to say what this page holds. `ask` works in it. */
    onattached: () => void = () => undefined;
    /** Something was lost on the way; whoever made the link should make it again. */
    onbroken: () => void = () => undefined;
    wish: Wish = undefined;

    private link: PageLink | null = null;
    private ready = false;
    private expected = 0;
    private lastId = 0;
    private readonly asked = new Map<number, Asked>();
    private closed: SynclineError | null = null;

    constructor(private readonly hello: Hello) {}

    get tab(): string {
        return this.hello.tab;
    }

    /** From now on over this link; the old one is let go. */
    attach(link: PageLink): void {
        this.detach();
        if (this.closed !== null) return link.close();
        this.link = link;
        this.expected = 0;
        link.onmessage = (message) => this.received(link, message);
        const {tab, schema, url, token} = this.hello;
        link.post({t: 'hello', tab, schema, url, token: token !== undefined, wish: this.wish});
    }

    detach(): void {
        this.ready = false;
        for (const [id, asked] of this.asked) {
            if (asked.where !== 'here') continue;
            this.asked.delete(id);
            asked.reject(new SynclineError('connection_lost', 'the leader of the store is gone'));
        }
        if (this.link === null) return;
        this.link.onmessage = null;
        this.link.close();
        this.link = null;
    }

    /** A new id for a request that must be done once. */
    once(): string {
        return `${this.tab}:${++this.lastId}`;
    }

    /** As `ask`, but if the link is lost it is not asked again: it fails with `connection_lost`. */
    askHere<K extends keyof Calls>(what: K, of: Parameters<Calls[K]>[0]): Promise<ReturnType<Calls[K]>> {
        return this.ask(what, of, 'here');
    }

    ask<K extends keyof Calls>(what: K, of: Parameters<Calls[K]>[0], where: 'anywhere' | 'here' = 'anywhere'): Promise<ReturnType<Calls[K]>> {
        if (this.closed !== null) return Promise.reject(this.closed);
        const id = ++this.lastId;
        const message = {t: 'ask', id, what, of, heard: this.expected} as Extract<FromPage, {t: 'ask'}>;
        return new Promise((resolve, reject) => {
            this.asked.set(id, {message, at: Date.now(), where, resolve: resolve as (value: unknown) => void, reject});
            if (this.ready) this.link?.post(message);
        });
    }

    /** Says good-bye; whatever is unanswered fails, and so does all that is asked from now on. */
    close(why: SynclineError): void {
        if (this.closed !== null) return;
        this.closed = why;
        this.link?.post({t: 'bye'});
        this.detach();
        for (const asked of this.asked.values()) asked.reject(why);
        this.asked.clear();
    }

    private received(link: PageLink, message: ToPage): void {
        if (link !== this.link) return;
        if (message.n !== this.expected++) {
            this.detach();
            this.onbroken();
            return;
        }
        switch (message.t) {
            case 'answer':
                this.answered(message.id, message.value, message.problem);
                return;
            case 'token':
                void this.sendToken(link, message.id);
                return;
            case 'wish':
                this.wish = message.wish;
                return;
            case 'welcome':
                this.ontidings(message);
                this.askAgain(link);
                return;
            default:
                this.ontidings(message);
        }
    }

    private askAgain(link: PageLink): void {
        const before = [...this.asked.values()];
        this.ready = true;
        this.onattached();
        for (const asked of before) {
            if (Date.now() - asked.at > askedAgainForMs) {
                this.asked.delete(asked.message.id);
                asked.reject(new SynclineError('timed_out', 'this page slept too long to know whether it was done'));
            } else {
                // What it counted on was said by another leader.
                link.post({...asked.message, heard: 0});
            }
        }
    }

    private answered(id: number, value: unknown, problem: Problem | undefined): void {
        const asked = this.asked.get(id);
        this.asked.delete(id);
        if (problem === undefined) asked?.resolve(value);
        else asked?.reject(new SynclineError(problem.code, problem.message));
    }

    private async sendToken(link: PageLink, id: number): Promise<void> {
        let token: string | null = null;
        try {
            token = (await this.hello.token?.()) ?? null;
        } catch {
            // No token: the relay will say what it thinks of that.
        }
        if (link === this.link) link.post({t: 'token', id, token});
    }
}
