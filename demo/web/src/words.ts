/** The sync status in plain words. */
import type {SyncStatus} from 'syncline';

export type Mood = 'fine' | 'busy' | 'away' | 'wrong';

export interface StatusWords {
    readonly mood: Mood;
    /** Two or three words, always seen. */
    readonly short: string;
    /** One sentence. */
    readonly long: string;
}

/** `online` is what the person wants: the switch. */
export function statusWords(status: SyncStatus, online: boolean): StatusWords {
    const waiting = status.pending;
    if (!online) {
        return {
            mood: 'away',
            short: waiting > 0 ? `Offline · ${waiting} waiting` : 'Offline',
            long:
                waiting > 0
                    ? `You are working offline. ${changes(waiting)} on this device will be sent when you go online.`
                    : 'You are working offline. What you change is kept on this device.',
        };
    }
    if (status.lastError?.final === true) {
        return {mood: 'wrong', short: 'Not syncing', long: `Not syncing: ${refusal(status.lastError)}. What you change is kept on this device.`};
    }
    if (status.lastError?.code === 'storage_full') {
        return {mood: 'wrong', short: 'No room', long: 'There is no room left on this device. It goes on syncing once there is.'};
    }
    if (status.connection !== 'connected') {
        return {
            mood: 'away',
            short: waiting > 0 ? `Reconnecting · ${waiting} waiting` : 'Reconnecting',
            long:
                waiting > 0
                    ? `No connection; trying again. ${changes(waiting)} wait on this device.`
                    : 'No connection; trying again. You can go on: what you change is kept on this device.',
        };
    }
    if (waiting > 0) {
        return {mood: 'busy', short: `Sending ${waiting}`, long: `Sending ${changes(waiting)}.`};
    }
    if (!status.inSync) return {mood: 'busy', short: 'Catching up', long: 'Reading what others did.'};
    return {mood: 'fine', short: 'Up to date', long: 'Everything is on the relay and on this device.'};
}

/** Why the relay, or this device, goes no further; for people, where the library's own sentence is for those who run relays. */
function refusal({code, message}: {readonly code: string; readonly message: string}): string {
    switch (code) {
        case 'unauthorized':
        case 'token_expired':
            return 'the relay asks for a sign-in, and this app has none';
        case 'forbidden':
            return 'the relay does not let you take part in this board';
        default:
            return message;
    }
}

export interface Awaited {
    readonly title: string;
    readonly text: string;
}

/** Of a board that nothing is known of here: it is on its way, or cannot come now, or there is none. */
export function awaitedWords(status: SyncStatus, online: boolean): Awaited {
    if (status.inSync) {
        return {
            title: 'No board at this address yet',
            text: 'If a friend sent you the link, check that you have all of it. Or make a board of it: name it above, or add a first thing below.',
        };
    }
    const title = 'This board is not on this device yet';
    if (!online) return {title, text: 'You are working offline. It comes when you switch to online.'};
    if (status.lastError?.final === true) return {title, text: 'It cannot be fetched as long as this device does not sync.'};
    if (status.connection !== 'connected') {
        return {title, text: 'There is no connection at the moment. It comes by itself as soon as there is one.'};
    }
    return {title: 'Fetching this board…', text: 'What others did is on its way.'};
}

/** What the library says, as a sentence. */
export function sentence(message: string): string {
    return `${message.charAt(0).toUpperCase()}${message.slice(1)}${/[.!?]$/.test(message) ? '' : '.'}`;
}

export function changes(count: number): string {
    return count === 1 ? '1 change' : `${count} changes`;
}

export function votes(count: number): string {
    return Math.abs(count) === 1 ? `${count} vote` : `${count} votes`;
}

/** "just now", "5 minutes ago", "3 May" */
export function ago(time: number, now: number): string {
    const seconds = Math.round((now - time) / 1000);
    if (seconds < 45) return 'just now';
    const format = new Intl.RelativeTimeFormat('en', {numeric: 'auto'});
    if (seconds < 45 * 60) return format.format(-Math.round(seconds / 60), 'minute');
    if (seconds < 22 * 3600) return format.format(-Math.round(seconds / 3600), 'hour');
    if (seconds < 6 * 86_400) return format.format(-Math.round(seconds / 86_400), 'day');
    return new Date(time).toLocaleDateString('en', {day: 'numeric', month: 'short', year: 'numeric'});
}
