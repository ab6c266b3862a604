import type {EngineLink, FromPage, PageLink, Problem, ToPage} from './protocol.js';

/**
 * How the tabs of one store find each other. All of them, and the leading worker, listen on one BroadcastChannel for
 * `OnChannel`; each page also has a channel of its own that the leader opens when the page joins. A page and its own
 * worker talk by messages.
 */

export type OnChannel =
    /** This worker leads from now on, and is ready. */
    | {readonly t: 'leader'; readonly leader: string; readonly protocol: number; readonly version: string}
    /** A page looks for its leader. */
    | {readonly t: 'join'; readonly tab: string; readonly protocol: number; readonly version: string}
    /** To that page: the leader speaks otherwise. */
    | {readonly t: 'clash'; readonly tab: string; readonly protocol: number; readonly version: string};

export type OnTabChannel =
    | {readonly t: 'joined'; readonly leader: string}
    | {readonly t: 'from_page'; readonly leader: string; readonly message: FromPage}
    | {readonly t: 'to_page'; readonly leader: string; readonly message: ToPage};

export type ToWorker =
    | {
          readonly t: 'start';
          readonly name: string;
          /** Whose worker it is. */
          readonly tab: string;
          readonly storage: 'auto' | 'memory';
          readonly wasmUrl: string | null;
      }
    | {readonly t: 'from_page'; readonly message: FromPage}
    | {readonly t: 'ping'; readonly ping: number}
    /** Lets go of everything, and says `closed`. */
    | {readonly t: 'close'};

export type FromWorker =
    | {readonly t: 'leading'; readonly leader: string}
    /** It cannot lead: nobody in this tab's process can open the store. */
    | {readonly t: 'failed'; readonly problem: Problem}
    | {readonly t: 'to_page'; readonly message: ToPage}
    | {readonly t: 'clash'; readonly version: string}
    | {readonly t: 'pong'; readonly ping: number}
    /** The engine can do nothing more: another worker has to begin from what is stored. */
    | {readonly t: 'broken'; readonly problem: Problem}
    | {readonly t: 'closed'};

export const leaderLock = (name: string): string => `syncline:${name}`;
export const tabLock = (name: string, tab: string): string => `syncline:${name}:tab:${tab}`;
export const channelName = (name: string): string => `syncline:${name}`;
export const tabChannelName = (name: string, tab: string): string => `syncline:${name}:tab:${tab}`;

/** A page's end of its channel to the leader. */
export function pageEnd(channel: BroadcastChannel, leader: string): PageLink & {received(message: OnTabChannel): void} {
    const link = {
        post: (message: FromPage): void => channel.postMessage({t: 'from_page', leader, message} satisfies OnTabChannel),
        onmessage: null as ((message: ToPage) => void) | null,
        close: (): void => {
            link.onmessage = null;
        },
        received: (message: OnTabChannel): void => {
            if (message.t === 'to_page' && message.leader === leader) link.onmessage?.(message.message);
        },
    };
    return link;
}

/** The leader's end of a page's channel, which it opens. */
export function leaderEnd(name: string, tab: string, leader: string): EngineLink {
    const channel = new BroadcastChannel(tabChannelName(name, tab));
    const link: EngineLink = {
        post: (message) => channel.postMessage({t: 'to_page', leader, message} satisfies OnTabChannel),
        onmessage: null,
        close: () => channel.close(),
    };
    channel.onmessage = (event: MessageEvent<OnTabChannel>) => {
        const message = event.data;
        if (message.t === 'from_page' && message.leader === leader) link.onmessage?.(message.message);
    };
    channel.postMessage({t: 'joined', leader} satisfies OnTabChannel);
    return link;
}
