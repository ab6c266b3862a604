/// <reference types="node" />
import {readFile} from 'node:fs/promises';

export * from './engine-core.js';
export {NodeStorage} from './host-node.js';
export {nodeSockets, type NodeSocketOptions} from './net-node.js';

let compiled: Promise<WebAssembly.Module> | undefined;

/** The module that lies beside this file, compiled once. */
export function loadModule(
    url: string | URL = new URL('./syncline.wasm', import.meta.url),
): Promise<WebAssembly.Module> {
    compiled ??= readFile(new URL(url)).then((bytes) => WebAssembly.compile(bytes));
    return compiled;
}
