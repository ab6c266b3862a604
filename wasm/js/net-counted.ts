import type {SocketHost} from './host.js';

/** Bytes of messages, without what the network adds. */
export interface Traffic {
    bytesSent: number;
    bytesReceived: number;
}

/** Sockets that count what goes over them. */
export function countedSockets(inner: SocketHost, traffic: Traffic): SocketHost {
    return {
        open: (url, subprotocol, events) => {
            const socket = inner.open(url, subprotocol, {
                opened: () => events.opened(),
                received: (message) => {
                    traffic.bytesReceived += message.length;
                    events.received(message);
                },
                closed: (end, why) => events.closed(end, why),
            });
            return {
                send: (message) => {
                    traffic.bytesSent += message.length;
                    socket.send(message);
                },
                queued: () => socket.queued(),
                close: (code, reason) => socket.close(code, reason),
                drop: () => socket.drop(),
            };
        },
    };
}
