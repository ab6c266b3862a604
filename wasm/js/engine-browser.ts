export * from './engine-core.js';
export {browserSockets} from './net-browser.js';

/** Fetches and compiles the module; by default the one that lies beside this file. */
export async function loadModule(
    url: string | URL = new URL('./syncline.wasm', import.meta.url),
): Promise<WebAssembly.Module> {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`${url} cannot be fetched: HTTP status ${response.status}`);
    // Servers that do not know the type of .wasm files are common.
    const type = response.headers.get('content-type') ?? '';
    if (type.startsWith('application/wasm')) return WebAssembly.compileStreaming(response);
    return WebAssembly.compile(await response.arrayBuffer());
}
