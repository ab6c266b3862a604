#!/usr/bin/env node
// Bundles tests written in TypeScript and runs them with Node's runner.
// Usage: tests/wasm/run.mjs <folder>…      folders of this one, each with *.test.ts files; `npm ci` in wasm/ first
import {spawnSync} from 'node:child_process';
import {readdirSync, rmSync} from 'node:fs';
import {createRequire} from 'node:module';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const modules = join(here, '../../wasm/node_modules');
const {build} = createRequire(join(modules, 'x'))('esbuild');

const folders = process.argv.slice(2);
const tests = folders.flatMap((folder) =>
    readdirSync(join(here, folder))
        .filter((name) => name.endsWith('.test.ts'))
        .map((name) => join(here, folder, name)),
);
if (tests.length === 0) {
    console.error('run.mjs: no tests in', folders.join(', ') || 'no folder');
    process.exit(1);
}
// Before the tests, since React and others look for a page when they are imported.
const page = join(here, 'support/dom.ts');
// Below node_modules, so that the packages which stay outside of the bundles are found, and each only once.
const out = join(modules, '.cache/syncline-tests', String(process.pid));
await build({
    entryPoints: [...tests, page],
    outbase: here,
    outdir: out,
    bundle: true,
    packages: 'external',
    tsconfigRaw: {},
    platform: 'node',
    format: 'esm',
    target: 'node20',
    sourcemap: 'inline',
    outExtension: {'.js': '.mjs'},
    logLevel: 'warning',
});
try {
    const bundle = (source) => join(out, source.slice(here.length).replace(/\.ts$/, '.mjs'));
    const {status} = spawnSync(
        process.execPath,
        ['--enable-source-maps', '--import', bundle(page), '--test', ...tests.map(bundle)],
        {stdio: 'inherit', timeout: 120_000, env: {...process.env, SYNCLINE_TESTS: here}},
    );
    process.exitCode = status ?? 1;
} finally {
    rmSync(out, {recursive: true, force: true});
}
