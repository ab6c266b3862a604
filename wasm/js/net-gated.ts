import type {Socket, SocketEvents, SocketHost} from './host.js';

/**
 * Sockets that send nothing before all that was written is durable: a change must be on this device before it leaves it,
 * or the device could forget it and give its place to another. `dirty` tells whether something is not durable yet.
 */
export function gatedSockets(inner: SocketHost, dirty: () => boolean, durable: () => Promise<void>): SocketHost {
    return {
        open: (url, subprotocol, events) => gate((gated) => inner.open(url, subprotocol, gated), events, dirty, durable),
    };
}

function gate(open: (events: SocketEvents) => Socket, events: SocketEvents, dirty: () => boolean, durable: () => Promise<void>): Socket {
    let waiting: (() => void)[] = [];
    let waitingBytes = 0;
    let dropped = false;
    const socket = open({
        opened: () => events.opened(),
        received: (message) => events.received(message),
        closed: (end, why) => {
            dropped = true;
            events.closed(end, why);
        },
    });
    const later = (step: () => void): void => {
        waiting.push(step);
        if (waiting.length > 1) return;
        durable().then(
            () => {
                const steps = waiting;
                waiting = [];
                waitingBytes = 0;
                if (!dropped) for (const step of steps) step();
            },
            // What could not be stored must not be sent either. The engine connects again after a while, which tries it anew.
            () => {
                if (dropped) return;
                dropped = true;
                socket.drop();
                events.closed('lost', 'what was to be sent could not be stored first');
            },
        );
    };
    return {
        send: (message) => {
            if (waiting.length === 0 && !dirty()) return socket.send(message);
            const copy = message.slice();
            waitingBytes += copy.length;
            later(() => socket.send(copy));
        },
        queued: () => waitingBytes + socket.queued(),
        close: (code, reason) => (waiting.length === 0 ? socket.close(code, reason) : later(() => socket.close(code, reason))),
        drop: () => {
            dropped = true;
            socket.drop();
        },
    };
}
