/**
 * Builds the app into build/demo: `node build.mjs [output folder]`. It wants the engine, build/wasm/syncline.wasm.
 *
 * Files in assets/ carry a hash of what is in them, so that a server may let browsers keep them for ever; the
 * service worker gets the list of all files and a version made of it.
 */
import {createHash} from 'node:crypto';
import {cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {basename, dirname, join, relative, resolve} from 'node:path';
import {fileURLToPath, pathToFileURL} from 'node:url';
import {promisify} from 'node:util';
import {brotliCompress, constants} from 'node:zlib';
import * as esbuild from 'esbuild';

const brotli = promisify(brotliCompress);
const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, '../..');
const source = join(root, 'wasm/js');

/** The package out of this repository, from its sources; elsewhere `npm install syncline` does it. */
const syncline = {
    'syncline': join(source, 'browser.ts'),
    'syncline/react': join(source, 'react/index.ts'),
    'syncline/codemirror': join(source, 'codemirror/index.ts'),
    'syncline/inspector': join(source, 'inspector/index.ts'),
};
const worker = join(source, 'worker.ts');
const engine = join(root, 'build/wasm/syncline.wasm');

/** What the package wants of its user is what this app has, and once. */
const peers = ['react', '@codemirror/state', '@codemirror/view'];

const common = {
    absWorkingDir: here,
    bundle: true,
    minify: true,
    format: 'esm',
    target: ['es2022'],
    legalComments: 'none',
    logLevel: 'warning',
    metafile: true,
    define: {'process.env.NODE_ENV': '"production"'},
    tsconfigRaw: {compilerOptions: {jsx: 'react-jsx', target: 'es2022', useDefineForClassFields: true}},
};

/**
 * @param {string} out the folder; emptied first
 * @param {{salt?: string, replace?: {syncline: object, worker: string, engine: string}}} options for tests: `salt`
 *     makes another version of the same app, `replace` puts something in the package's place
 */
export async function build(out, {salt = '', replace = {syncline, worker, engine}} = {}) {
    if (!existsSync(replace.engine)) {
        throw new Error(`${relative('', replace.engine)} is missing: cmake --preset wasm && cmake --build --preset wasm`);
    }
    const alias = {...replace.syncline, ...Object.fromEntries(peers.map((name) => [name, join(here, 'node_modules', name)]))};
    rmSync(out, {recursive: true, force: true});
    mkdirSync(join(out, 'assets'), {recursive: true});
    cpSync(join(here, 'public'), out, {recursive: true});

    const wasmFile = copyHashed(replace.engine, out);
    const workerFiles = await bundle({worker: replace.worker}, out, {alias});
    const appFiles = await bundle({app: 'src/main.tsx', style: 'src/styles/main.css'}, out, {
        alias,
        splitting: true,
        define: {
            ...common.define,
            __WASM_URL__: JSON.stringify(wasmFile),
            __WORKER_URL__: JSON.stringify(workerFiles['worker.js']),
        },
    });
    const page = readFileSync(join(here, 'index.html'), 'utf8')
        .replace('%STYLE%', appFiles['style.css'])
        .replace('%SCRIPT%', appFiles['app.js']);
    writeFileSync(join(out, 'index.html'), page);
    await buildServiceWorker(out, salt);
    await compress(out);
}

/** Returns where each entry point is, by its name and extension. */
async function bundle(entryPoints, out, settings) {
    const {metafile} = await esbuild.build({
        ...common,
        ...settings,
        entryPoints,
        outdir: join(out, 'assets'),
        entryNames: '[name]-[hash]',
        chunkNames: '[name]-[hash]',
    });
    const files = Object.keys(metafile.outputs).map((file) => relative(out, resolve(here, file)));
    return Object.fromEntries(
        files.map((file) => {
            const [, name, extension] = /^assets\/(.*)-[A-Z0-9]+(\.[a-z]+)$/.exec(file) ?? [];
            return [`${name}${extension}`, file];
        }),
    );
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
    // The page is asked for as the folder.
    const list = ['./', ...files.filter((file) => file !== 'index.html').map((file) => `./${file}`)];
    await esbuild.build({
        ...common,
        entryPoints: [join(here, 'src/service-worker.ts')],
        outfile: join(out, 'service-worker.js'),
        format: 'iife',
        define: {__FILES__: JSON.stringify(list), __VERSION__: JSON.stringify(digest(contents.join('\n') + salt))},
    });
}

/** `x.br` beside `x`, for servers that send it to browsers that take it. */
async function compress(out) {
    const files = readdirSync(out, {recursive: true}).filter((file) => /\.(js|css|html|svg|wasm|webmanifest)$/.test(file));
    await Promise.all(
        files.map(async (file) => {
            const bytes = readFileSync(join(out, file));
            // The best level takes ten times as long for a tenth less; only large files notice.
            const quality = bytes.length > 500_000 ? 9 : 11;
            const packed = await brotli(bytes, {
                params: {[constants.BROTLI_PARAM_QUALITY]: quality, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length},
            });
            writeFileSync(join(out, `${file}.br`), packed);
        }),
    );
}

function digest(data) {
    return createHash('sha256').update(data).digest('hex').slice(0, 10);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
    const out = resolve(process.argv[2] ?? join(root, 'build/demo'));
    await build(out);
    console.log(`The demo is in ${relative('', out) || '.'}.`);
}
