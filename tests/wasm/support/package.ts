import {createHash} from 'node:crypto';
import {existsSync} from 'node:fs';
import {copyFile, mkdir, readFile, rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {root, run} from './programs.js';

/** Packs the package as it would be published; gives the tarball's path. It must have been built before. */
export async function pack(into: string): Promise<string> {
    const folder = join(root, 'wasm');
    if (!existsSync(join(folder, 'dist/syncline.wasm'))) throw new Error('wasm/dist is not built: see wasm/README.md');
    await mkdir(into, {recursive: true});
    const printed = await run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', into], {cwd: folder});
    const [packed] = JSON.parse(printed) as [{filename: string}];
    return join(into, packed.filename);
}

/**
 * Installs what `package.json` and its lock file in `from` name into the folder `into`, and the tarball beside it.
 * What the lock file names is installed once and kept.
 */
export async function install(from: string, into: string, tarball: string): Promise<void> {
    await mkdir(into, {recursive: true});
    const lock = await readFile(join(from, 'package-lock.json'));
    const wanted = createHash('sha256').update(lock).digest('hex');
    const stamp = join(into, 'node_modules/.lock-sha256');
    const npm = (...words: string[]): Promise<string> =>
        run('npm', [...words, '--ignore-scripts', '--no-audit', '--no-fund'], {cwd: into});
    for (const name of ['package.json', 'package-lock.json']) await copyFile(join(from, name), join(into, name));
    if ((await readFile(stamp, 'utf8').catch(() => '')) !== wanted) {
        await npm('ci');
        await writeFile(stamp, wanted);
    }
    await rm(join(into, 'node_modules/syncline'), {recursive: true, force: true});
    await npm('install', '--no-save', '--prefer-offline', tarball);
}
