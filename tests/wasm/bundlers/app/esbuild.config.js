// esbuild leaves `new URL('./worker.js', import.meta.url)` as it is: the worker is an entry of its own, beside the page's
// script, and the module is copied beside both.
import {copyFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {build} from 'esbuild';

const here = new URL('.', import.meta.url).pathname;
const out = `${here}dist-esbuild`;

await build({
    entryPoints: {main: `${here}main.js`, worker: 'syncline/worker'},
    outdir: out,
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
});
copyFileSync(createRequire(import.meta.url).resolve('syncline/syncline.wasm'), `${out}/syncline.wasm`);
copyFileSync(`${here}index.html`, `${out}/index.html`);
