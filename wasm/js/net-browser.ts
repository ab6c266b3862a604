import type {SocketHost} from './host.js';
import {webSocketHost} from './net.js';

/** The browser's own WebSocket, in a page or a worker. */
export function browserSockets(): SocketHost {
    return webSocketHost((url, subprotocol) => new WebSocket(url, subprotocol));
}
