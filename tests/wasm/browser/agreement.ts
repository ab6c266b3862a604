// That all who share a space have the same in the end: pages, the relay, a native client.
import {join} from 'node:path';
import type {Page} from 'playwright-core';
import {run, temporaryDirectory, type Test} from '../engine/support.js';
import {digest, inSync} from './chromium.js';

export type Native = (...words: string[]) => Promise<string>;

/** The native client, on a file of its own. */
export function native(t: Test): Native {
    const store = join(temporaryDirectory(t), 'native.db');
    return (...words) => run('syncline', '--store', store, '--space', 's', ...words);
}

/** All have everything, and the same digest; so has the native client, which knows only what the relay has. */
export async function converged(pages: readonly Page[], tool: Native, url: string, ...more: string[]): Promise<void> {
    for (const page of pages) await inSync(page);
    await tool('sync', url, ...more);
    for (const page of pages) await inSync(page);
    await haveDigest(pages, await tool('digest'));
}

export async function haveDigest(pages: readonly Page[], wanted: string): Promise<void> {
    for (const page of pages) {
        try {
            // What the others pushed a moment ago is on its way.
            await page.waitForFunction(async (wanted) => (await window.syncline.store.space('s').digest()) === wanted, wanted);
        } catch (error) {
            throw new Error(`a page has ${await digest(page)}, and not ${wanted}`, {cause: error});
        }
    }
}
