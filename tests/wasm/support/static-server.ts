import {readFile} from 'node:fs/promises';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {extname, join, normalize} from 'node:path';

const types: Readonly<Record<string, string>> = {
    '.css': 'text/css',
    '.html': 'text/html; charset=utf-8',
    '.js': 'text/javascript',
    '.json': 'application/json',
    '.map': 'application/json',
    '.mjs': 'text/javascript',
    '.svg': 'image/svg+xml',
    '.wasm': 'application/wasm',
};

/** What pages of these tests may do: nothing inline, nothing evaluated, nothing from elsewhere. */
export const strictPolicy = [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "style-src 'self'",
    "img-src 'self' data:",
    "worker-src 'self'",
    "connect-src 'self' ws://127.0.0.1:* ws://localhost:*",
    "base-uri 'none'",
    "form-action 'none'",
].join('; ');

export interface StaticServer {
    /** `http://127.0.0.1:<port>` */
    readonly origin: string;
    /** What was asked for and is not there. */
    readonly missing: readonly string[];
    close(): Promise<void>;
}

/** Serves a folder on loopback, under {@link strictPolicy}. Extra pages and scripts go by path: `/index.html`. */
export async function serve(folder: string, extra: Readonly<Record<string, string | Uint8Array>> = {}): Promise<StaticServer> {
    const missing: string[] = [];
    const server = createServer(async (request, response) => {
        const {pathname} = new URL(request.url ?? '/', 'http://localhost');
        const path = pathname.endsWith('/') ? `${pathname}index.html` : pathname;
        try {
            const body = extra[path] ?? (await readFile(join(folder, normalize(path))));
            response.writeHead(200, {
                'content-type': types[extname(path)] ?? 'application/octet-stream',
                'content-security-policy': strictPolicy,
                'cache-control': 'no-store',
            });
            response.end(body);
        } catch {
            // Browsers ask for an icon of their own accord.
            const icon = path === '/favicon.ico';
            if (!icon) missing.push(path);
            response.writeHead(icon ? 204 : 404).end();
        }
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const {port} = server.address() as AddressInfo;
    return {
        origin: `http://127.0.0.1:${port}`,
        missing,
        close: () =>
            new Promise((resolve) => {
                server.close(() => resolve());
                server.closeAllConnections();
            }),
    };
}
