import {chromium} from 'playwright-core';
import type {Browser, Page} from 'playwright-core';

/** Debian's, or the one that SYNCLINE_CHROMIUM names. */
export const chromiumPath = process.env['SYNCLINE_CHROMIUM'] ?? '/usr/bin/chromium';
export const chromiumArguments: readonly string[] = [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
];

export function launchChromium(): Promise<Browser> {
    return chromium.launch({executablePath: chromiumPath, args: [...chromiumArguments]});
}

/** What a page complains of: errors, what its policy refused, what it could not load. Collected from now on. */
export function complaints(page: Page): readonly string[] {
    const found: string[] = [];
    page.on('pageerror', (error) => found.push(`error: ${error.message}`));
    page.on('console', (message) => {
        const bad = message.type() === 'error' || message.type() === 'warning';
        // Browsers ask for an icon of their own accord.
        if (bad && !message.location().url.endsWith('/favicon.ico')) found.push(`${message.type()}: ${message.text()}`);
    });
    page.on('requestfailed', (request) => found.push(`failed: ${request.url()} ${request.failure()?.errorText}`));
    return found;
}
