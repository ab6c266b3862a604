import type {Socket, SocketHost} from './host.js';

/**
 * Sockets that send nothing before all that was written is durable: a change must be on this device before it leaves it,
 * or the device could forget it and give its place to another. `dirty` tells whether something is not durable yet.
 */
export function gatedSockets(inner: SocketHost, dirty: () => boolean, durable: () => Promise<void>): SocketHost {
    return {
        open: (url, subprotocol, events) => gate(inner.open(url, subprotocol, events), dirty, durable),
    };
}

function gate(socket: Socket, dirty: () => boolean, durable: () => Promise<void>): Socket {
    let waiting: (() => void)[] = [];
    let waitingBytes = 0;
    let dropped = false;
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
            // What could not be stored must not be sent either.
            () => {
                dropped = true;
                socket.drop();
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
