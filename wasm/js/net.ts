import type {Socket, SocketEnd, SocketEvents, SocketHost} from './host.js';

/** The part of the standard WebSocket that is used; what browsers have and what npm's ws exports. */
interface WebSocketLike {
    binaryType: string;
    readonly protocol: string;
    readonly bufferedAmount: number;
    addEventListener(type: 'open', listener: () => void): void;
    addEventListener(type: 'message', listener: (event: {data: unknown}) => void): void;
    addEventListener(type: 'error', listener: (event: unknown) => void): void;
    addEventListener(type: 'close', listener: (event: {code: number; reason: string}) => void): void;
    send(data: Uint8Array<ArrayBuffer>): void;
    close(code?: number, reason?: string): void;
}

/** Makes a WebSocket; throws what its constructor throws. */
export type WebSocketFactory = (url: string, subprotocol: string) => WebSocketLike;

/** Connections by WebSockets that `create` makes. */
export function webSocketHost(create: WebSocketFactory): SocketHost {
    return {
        open: (url, subprotocol, events) => connect(create(url, subprotocol), subprotocol, events),
    };
}

function connect(webSocket: WebSocketLike, subprotocol: string, events: SocketEvents): Socket {
    let over = false;
    let opened = false;
    let trouble = '';
    const drop = () => {
        over = true;
        webSocket.close();
    };
    const end = (how: SocketEnd, why: string) => {
        over = true;
        events.closed(how, why);
    };
    webSocket.binaryType = 'arraybuffer';
    webSocket.addEventListener('open', () => {
        if (over) return;
        if (webSocket.protocol !== subprotocol) {
            drop();
            events.closed('not_a_relay', `the peer speaks WebSocket but not ${subprotocol}`);
            return;
        }
        opened = true;
        events.opened();
    });
    webSocket.addEventListener('message', ({data}) => {
        if (over) return;
        if (data instanceof ArrayBuffer) {
            events.received(new Uint8Array(data));
        } else {
            drop();
            events.closed('malformed', 'the peer sent text');
        }
    });
    webSocket.addEventListener('error', (event) => {
        // Browsers tell nothing, for the sake of what is behind the firewall; npm's ws does. Without a
        // listener, Node would take it for an uncaught error.
        const {message} = event as {message?: unknown};
        if (typeof message === 'string') trouble = message;
    });
    webSocket.addEventListener('close', ({code, reason}) => {
        if (over) return;
        const noRelay = /unexpected server response|subprotocol|invalid .*header/i.test(trouble);
        if (!opened && noRelay) end('not_a_relay', `the peer is no relay: ${trouble}`);
        else if (trouble !== '') end('lost', trouble);
        else end('lost', reason === '' ? `closed with ${code}` : `closed with ${code} ${reason}`);
    });
    return {
        // A copy: the module's memory may move before it is sent.
        send: (message) => webSocket.send(message.slice()),
        queued: () => webSocket.bufferedAmount,
        close: (code, reason) => webSocket.close(code, reason),
        drop,
    };
}
