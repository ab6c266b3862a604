/**
 * Builds the app into build/demo: `node build.mjs [output folder]`.
 *
 * Files in assets/ carry a hash of what is in them, so that a server may let browsers keep them for ever; the
 * service worker gets the list of all files and a version made of it.
 */
import {createHash} from 'node:crypto';
import {cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {basename, dirname, join, relative, resolve} from 'node:path';
import {fileURLToPath, pathToFileURL} from 'node:url';
import * as esbuild from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, '../..');

const common = {
    absWorkingDir: here,
    bundle: true,
    minify: true,
    format: 'esm',
    target: ['es2022'],
    legalComments: 'none',
    logLevel: 'warning',
    // The package is linked below; what it wants of React and CodeMirror is what the app has.
    preserveSymlinks: true,
    metafile: true,
    define: {'process.env.NODE_ENV': '"production"'},
};

/** @param {{out?: string, alias?: Record<string, string>, worker?: string, wasm?: string, salt?: string}} options */
export async function build(options = {}) {
    const out = options.out ?? join(root, 'build/demo');
    const built = options.alias === undefined ? linkPackage() : {worker: options.worker, wasm: options.wasm};
    rmSync(out, {recursive: true, force: true});
    mkdirSync(join(out, 'assets'), {recursive: true});
    cpSync(join(here, 'public'), out, {recursive: true});

    const wasm = copyHashed(built.wasm, out);
    const worker = await bundle({entryPoints: {worker: built.worker}}, out, options);
    const app = await bundle(
        {
            entryPoints: {app: 'src/main.tsx', style: 'src/styles/main.css'},
            jsx: 'automatic',
            define: {
                ...common.define,
                __WASM_URL__: JSON.stringify(wasm),
                __WORKER_URL__: JSON.stringify(worker.js),
            },
        },
        out,
        options,
    );
    const page = readFileSync(join(here, 'index.html'), 'utf8').replace('%STYLE%', app.css).replace('%SCRIPT%', app.js);
    writeFileSync(join(out, 'index.html'), page);
    await buildServiceWorker(out, options.salt ?? '');
    return out;
}

/** The package of this repository under its name, as after `npm install syncline`. */
function linkPackage() {
    const link = join(here, 'node_modules/syncline');
    const source = join(root, 'wasm');
    if (!existsSync(link)) symlinkSync(source, link, 'dir');
    return {worker: join(source, 'dist/worker.js'), wasm: join(source, 'dist/syncline.wasm')};
}

async function bundle(settings, out, options) {
    const result = await esbuild.build({
        ...common,
        ...settings,
        outdir: join(out, 'assets'),
        entryNames: '[name]-[hash]',
        chunkNames: '[name]-[hash]',
        splitting: true,
        alias: options.alias ?? {},
    });
    const made = Object.entries(result.metafile.outputs)
        .filter(([, output]) => output.entryPoint !== undefined)
        .map(([file]) => relative(out, resolve(here, file)));
    // A part that is loaded later is an entry point as well, but none that we named.
    const named = (extension) =>
        made.find((file) => file.endsWith(extension) && Object.keys(settings.entryPoints).some((name) => basename(file).startsWith(`${name}-`)));
    return {js: named('.js'), css: named('.css')};
}

function copyHashed(file, out) {
    const bytes = readFileSync(file);
    const [name, ...extension] = basename(file).split('.');
    const target = `assets/${name}-${digest(bytes)}.${extension.join('.')}`;
    writeFileSync(join(out, target), bytes);
    return target;
}

async function buildServiceWorker(out, salt) {
    const files = readdirSync(out, {recursive: true, withFileTypes: true})
        .filter((entry) => entry.isFile())
        .map((entry) => relative(out, join(entry.parentPath, entry.name)))
        .sort();
    const contents = files.map((file) => `${file} ${digest(readFileSync(join(out, file)))}`);
    // The page is asked for as the folder; a request for index.html itself is answered, too.
    const list = ['./', ...files.map((file) => `./${file}`)];
    await esbuild.build({
        ...common,
        entryPoints: [join(here, 'src/service-worker.ts')],
        outfile: join(out, 'service-worker.js'),
        format: 'iife',
        define: {__FILES__: JSON.stringify(list), __VERSION__: JSON.stringify(digest(contents.join('\n') + salt))},
    });
}

function digest(data) {
    return createHash('sha256').update(data).digest('hex').slice(0, 10);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
    const out = await build(process.argv[2] === undefined ? {} : {out: resolve(process.argv[2])});
    console.log(`The demo is in ${relative(process.cwd(), out) || '.'}.`);
}
