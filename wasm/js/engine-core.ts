// What every platform's entry exports.
export * from './engine.js';
export * from './errors.js';
export * from './host.js';
export * from './host-memory.js';
export {webSocketHost, type WebSocketFactory} from './net.js';
