#!/usr/bin/env node
// What a page loads of this package: raw, gzip and brotli, after a production build. Fails when a limit is
// passed, or when what everybody loads holds a part that is to be imported by itself.
// Usage: node wasm/scripts/size.mjs [--write]      --write puts the table into docs/size.md. Build the package first.
import {existsSync, readFileSync, writeFileSync} from 'node:fs';
import {dirname, join, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';
import {brotliCompressSync, constants, gzipSync} from 'node:zlib';
import {build} from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const dist = join(root, 'wasm/dist');

/** The limits are of brotli, in units of 1000 bytes. Raise one in the commit that needs it, and say what for. */
const everything = [
    {name: 'engine (`syncline.wasm`)', file: 'syncline.wasm', limit: 514},
    {name: 'worker', entry: 'worker.js', limit: 17},
    {name: 'page (`syncline`)', entry: 'browser.js', limit: 14},
];
const optional = [
    {name: '`syncline/react`', entry: 'react/index.js', limit: 3},
    {name: '`syncline/codemirror`', entry: 'codemirror/index.js', limit: 4},
    {name: '`syncline/inspector`', entry: 'inspector/index.js', limit: 6},
];
const totalLimit = 543;
/** Parts of the package that nobody loads who does not import them. */
const byImportOnly = /\/dist\/(react|codemirror|inspector)\//;

async function bytesOf({file, entry}) {
    if (file !== undefined) return {bytes: readFileSync(join(dist, file)), sources: []};
    const {outputFiles, metafile} = await build({
        entryPoints: [join(dist, entry)],
        bundle: true,
        minify: true,
        write: false,
        metafile: true,
        format: 'esm',
        target: 'es2022',
        external: ['react', '@codemirror/*'],
        legalComments: 'none',
    });
    return {bytes: outputFiles[0].contents, sources: Object.keys(metafile.inputs).map((path) => resolve(path))};
}

async function measure(part) {
    const {bytes, sources} = await bytesOf(part);
    const brotli = brotliCompressSync(bytes, {params: {[constants.BROTLI_PARAM_QUALITY]: 11}});
    return {...part, sources, raw: bytes.length, gzip: gzipSync(bytes, {level: 9}).length, brotli: brotli.length};
}

const sum = (parts, name, limit) =>
    parts.reduce(
        (all, {raw, gzip, brotli}) => ({
            ...all,
            raw: all.raw + raw,
            gzip: all.gzip + gzip,
            brotli: all.brotli + brotli,
        }),
        {name, limit, raw: 0, gzip: 0, brotli: 0},
    );

const kilo = (bytes) => (bytes / 1000).toFixed(1);
const line = ({name, raw, gzip, brotli, limit}) =>
    `| ${name} | ${kilo(raw)} | ${kilo(gzip)} | ${kilo(brotli)} | ${limit} |`;

if (!existsSync(join(dist, 'syncline.wasm'))) {
    console.error('size: wasm/dist is not built; see wasm/README.md.');
    process.exit(1);
}
const base = await Promise.all(everything.map(measure));
const total = sum(base, '**all that a page loads**', totalLimit);
const rows = [...base, total, ...(await Promise.all(optional.map(measure)))];
const table = [
    '| kB | raw | gzip -9 | brotli -11 | limit (brotli) |',
    '|---|---:|---:|---:|---:|',
    ...rows.map(line),
].join('\n');
console.log(table);

if (process.argv.includes('--write')) {
    const page = join(root, 'docs/size.md');
    const text = readFileSync(page, 'utf8');
    writeFileSync(
        page,
        text.replace(/(<!-- table -->\n)[^]*?(<!-- end -->)/, (_, start, end) => `${start}\n${table}\n\n${end}`),
    );
}
const strays = base.flatMap(({name, sources}) =>
    sources.filter((path) => byImportOnly.test(path)).map((path) => ({name, path})),
);
for (const {name, path} of strays) console.error(`size: ${name} loads ${path}, which only who imports it should.`);
const over = rows.filter(({brotli, limit}) => brotli > limit * 1000);
for (const {name, brotli, limit} of over)
    console.error(`size: ${name} is ${kilo(brotli)} kB, over its limit of ${limit} kB.`);
const failed = over.length + strays.length;
console.log(`${rows.length - over.length} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
