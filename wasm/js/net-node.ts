/// <reference types="node" />
import {WebSocket as NodeWebSocket} from 'ws';

import type {SocketHost} from './host.js';
import {webSocketHost} from './net.js';

/** Settings of a connection from Node. */
export interface NodeSocketOptions {
    /** Certificates to trust in place of the system's, in PEM. */
    readonly ca?: string;
}

/** npm's ws: Node 20 has no WebSocket of its own. */
export function nodeSockets(options: NodeSocketOptions = {}): SocketHost {
    const messageBytesMax = 16 << 20;
    return webSocketHost(
        (url, subprotocol) =>
            new NodeWebSocket(url, subprotocol, {
                ...options,
                // As the native driver does it.
                perMessageDeflate: false,
                maxPayload: messageBytesMax,
                followRedirects: false,
            }) as never,
    );
}
