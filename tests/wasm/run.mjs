#!/usr/bin/env node
// Bundles tests written in TypeScript and runs them with Node's runner. Ends in a line `N passed, N failed`.
// Usage: tests/wasm/run.mjs <folder>… [--modules=<node_modules>] [--test-…]
// Folders of this one, each with *.test.ts files; `npm ci` in wasm/ first. --modules: where the tests find React and
// others, to run them with other versions than wasm/ has. What else begins with -- goes to Node:
// --test-name-pattern=…, --test-reporter=…
// Environment: SYNCLINE_TEST_SECONDS  when to give up (default 600, times SYNCLINE_TEST_SCALE if that is more than 1)
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {readdirSync, rmSync} from 'node:fs';
import {createRequire} from 'node:module';
import {dirname, join, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const ours = join(here, '../../wasm/node_modules');
const {build} = createRequire(join(ours, 'x'))('esbuild');

const words = process.argv.slice(2);
const folders = words.filter((word) => !word.startsWith('--'));
const modules = resolve(words.find((word) => word.startsWith('--modules='))?.slice('--modules='.length) ?? ours);
const options = words.filter((word) => word.startsWith('--') && !word.startsWith('--modules='));
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
    const runner = spawn(
        process.execPath,
        [
            '--enable-source-maps',
            '--import',
            bundle(page),
            '--test',
            '--test-reporter=tap',
            ...options,
            ...tests.map(bundle),
        ],
        {
            stdio: ['ignore', 'pipe', 'inherit'],
            timeout: Number(process.env.SYNCLINE_TEST_SECONDS ?? 600 * Math.max(1, Number(process.env.SYNCLINE_TEST_SCALE ?? 1))) * 1000,
            env: {...process.env, SYNCLINE_TESTS: here},
        },
    );
    let printed = '';
    runner.stdout.on('data', (chunk) => {
        process.stdout.write(chunk);
        printed += chunk;
    });
    const [status] = await once(runner, 'close');
    const count = (what) => Number(printed.match(new RegExp(`^# ${what} (\\d+)$`, 'm'))?.[1] ?? 0);
    const [passed, failed] = [count('pass'), count('fail') + count('cancelled')];
    // A runner that dies without counting has failed, too.
    console.log(`${passed} passed, ${status === 0 ? failed : Math.max(failed, 1)} failed`);
    process.exitCode = status === 0 && passed > 0 ? 0 : 1;
} finally {
    rmSync(out, {recursive: true, force: true});
}
