/** Somebody at a browser, in the words of the app. */
import {chromium, type Browser, type BrowserContext, type BrowserContextOptions, type Locator, type Page} from 'playwright-core';

export function launch(): Promise<Browser> {
    return chromium.launch({
        executablePath: process.env['SYNCLINE_CHROMIUM'] ?? '/usr/bin/chromium',
        args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
               '--disable-component-update', '--disable-sync'],
    });
}

const patienceMs = 20_000;

export class Person {
    private constructor(
        readonly context: BrowserContext,
        readonly page: Page,
        /** What the page complained of: errors, and what its policy refused. */
        readonly complaints: readonly string[],
    ) {}

    /** With a browser profile of their own. */
    static async arrive(browser: Browser, name: string, url: string, options: BrowserContextOptions = {}): Promise<Person> {
        const context = await browser.newContext({viewport: {width: 1200, height: 900}, reducedMotion: 'reduce', ...options});
        context.setDefaultTimeout(patienceMs);
        await context.addInitScript((who) => {
            if (localStorage.getItem('syncline-demo.name') === null) localStorage.setItem('syncline-demo.name', who);
        }, name);
        const page = await context.newPage();
        const complaints: string[] = [];
        page.on('pageerror', (error) => complaints.push(error.message));
        page.on('console', (message) => {
            // That the relay is away is what some tests are about.
            if (message.type() === 'error' && !/ERR_|WebSocket/.test(message.text())) complaints.push(message.text());
        });
        await page.goto(url);
        await page.locator('main').waitFor();
        return new Person(context, page, complaints);
    }

    async makesBoard(title: string): Promise<string> {
        await this.page.getByLabel('New board').fill(title);
        await this.page.getByRole('button', {name: 'Make'}).click();
        await this.page.getByLabel('Name of this board').waitFor();
        return this.page.url();
    }

    async adds(...titles: readonly string[]): Promise<void> {
        for (const title of titles) {
            await this.page.getByLabel('New item').fill(title);
            await this.page.getByLabel('New item').press('Enter');
            await this.item(title).waitFor();
        }
    }

    item(title: string): Locator {
        return this.page.getByRole('listitem').filter({has: this.page.locator('.item-title', {hasText: exactly(title)})});
    }

    handle(title: string): Locator {
        return this.page.getByRole('button', {name: `Move ${title}`, exact: true});
    }

    async opens(title: string): Promise<void> {
        await this.item(title).locator('.item-link').click();
        await this.page.locator('.panel .cm-content').waitFor();
    }

    async closes(): Promise<void> {
        await this.page.getByLabel('Close this item').click();
    }

    async retitles(title: string): Promise<void> {
        await this.page.getByLabel('Title', {exact: true}).fill(title);
        await this.page.getByLabel('Title', {exact: true}).press('Enter');
    }

    async switchesTo(mode: 'online' | 'offline'): Promise<void> {
        const control = this.page.getByRole('switch', {name: 'Online'});
        if ((await control.getAttribute('aria-checked')) !== String(mode === 'online')) await control.click();
        if (mode === 'online') await this.isInSync();
    }

    /** The status says these words. */
    async reads(words: string): Promise<void> {
        await this.page.locator('.sync-short', {hasText: words}).waitFor();
    }

    async isInSync(): Promise<void> {
        await this.reads('Up to date');
    }

    /** The list shows these titles, in this order; waits for it. */
    async sees(titles: readonly string[]): Promise<void> {
        await this.page.waitForFunction(
            (wanted) => {
                const shown = [...document.querySelectorAll('.item-title')].map((title) => title.textContent);
                return JSON.stringify(shown) === wanted;
            },
            JSON.stringify(titles),
        );
    }

    async leaves(): Promise<void> {
        await this.context.close();
    }
}

function exactly(text: string): RegExp {
    return new RegExp(`^${text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`);
}
