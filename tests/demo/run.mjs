#!/usr/bin/env node
// Bundles the tests of the web demo and runs them with Node's runner; ends in a line `N passed, N failed`.
// Usage: tests/demo/run.mjs [--bin DIR] [name…]     names: model boards edges offline accessibility; all without
// Wants build/wasm/syncline.wasm (cmake --build --preset wasm --target syncline-wasm), Chromium, and syncline-relay,
// syncline and syncline-board in DIR (default build/dev/bin).
import {spawn, spawnSync} from 'node:child_process';
import {readdirSync, rmSync} from 'node:fs';
import {createRequire} from 'node:module';
import {basename, dirname, join, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, '../..');
const app = join(root, 'demo/web');
const packages = spawnSync(join(root, 'scripts/npm-ci.sh'), [app], {stdio: ['ignore', 'ignore', 'inherit']});
if (packages.status !== 0) process.exit(1);
const {build} = createRequire(join(app, 'x'))('esbuild');

const names = process.argv.slice(2);
let bin = join(root, 'build/dev/bin');
const flag = names.indexOf('--bin');
if (flag >= 0) bin = resolve(names.splice(flag, 2)[1] ?? '');

const tests = readdirSync(here)
    .filter((file) => file.endsWith('.test.ts') && (names.length === 0 || names.includes(basename(file, '.test.ts'))))
    .sort();
if (tests.length === 0) {
    console.error('run.mjs: no tests of these names:', names.join(', '));
    process.exit(1);
}
// Below node_modules, so that the packages which stay outside of the bundles are found.
const out = join(app, 'node_modules/.cache/tests', String(process.pid));
await build({
    entryPoints: tests.map((file) => join(here, file)),
    outdir: out,
    bundle: true,
    packages: 'external',
    alias: {'syncline': join(root, 'wasm/js/api.ts')},
    tsconfigRaw: {compilerOptions: {jsx: 'react-jsx'}},
    platform: 'node',
    format: 'esm',
    target: 'node20',
    sourcemap: 'inline',
    outExtension: {'.js': '.mjs'},
    logLevel: 'warning',
});
const built = join(out, 'app');
if (tests.some((file) => file !== 'model.test.ts')) await (await import(join(app, 'build.mjs'))).build(built);
const run = spawn(
    process.execPath,
    ['--enable-source-maps', '--test', '--test-concurrency=2', '--test-reporter=tap', ...tests.map((file) => join(out, file.replace(/\.ts$/, '.mjs')))],
    {stdio: ['ignore', 'pipe', 'inherit'], timeout: 600_000, env: {...process.env, SYNCLINE_ROOT: root, SYNCLINE_BIN: bin, SYNCLINE_APP: built}},
);
let said = '';
run.stdout.on('data', (data) => {
    said += data;
    process.stdout.write(data);
});
run.on('close', (code) => {
    rmSync(out, {recursive: true, force: true});
    const count = (what) => Number(new RegExp(`^# ${what} (\\d+)$`, 'm').exec(said)?.[1] ?? 0);
    const failed = count('fail') + count('cancelled');
    const lost = code !== 0 && failed === 0 ? 1 : failed;
    console.log(`${count('pass')} passed, ${lost} failed`);
    process.exitCode = code === 0 && count('pass') > 0 ? 0 : 1;
});
