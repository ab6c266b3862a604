import {spawn, type ChildProcess} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {chromium, type Browser, type BrowserContext, type Page} from 'playwright-core';
import type {OpenOptions} from '../../../wasm/js/api.js';
import type {Test} from '../engine/support.js';
import {chromiumArguments, chromiumPath, complaints} from '../support/chromium.js';

/** Process groups that must not outlive this process, however it ends. */
const groups = new Set<number>();
const endGroups = (): void => {
    for (const group of groups) {
        try {
            process.kill(-group, 'SIGKILL');
        } catch {
            // It is gone already.
        }
    }
    groups.clear();
};
process.once('exit', endGroups);
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.once(signal, () => {
        endGroups();
        process.exit(1);
    });
}

/** Of a trace, as far as it is read here. */
interface Traced {
    readonly name: string;
    readonly args: {readonly data?: {readonly frames?: readonly {readonly frame: string; readonly processId?: number}[]}};
}

/** A browser with a profile on the disk, whose process can be killed. */
export class TestBrowser {
    private process: ChildProcess | null = null;
    private browser: Browser | null = null;
    readonly profile = mkdtempSync(join(tmpdir(), 'syncline-chromium-'));
    complaints: string[] = [];

    constructor(private readonly origin: string) {}

    async start(): Promise<this> {
        for (const name of ['SingletonLock', 'SingletonCookie', 'SingletonSocket', 'DevToolsActivePort']) {
            rmSync(join(this.profile, name), {force: true});
        }
        const words = ['--headless=new', '--remote-debugging-port=0', `--user-data-dir=${this.profile}`, ...chromiumArguments, 'about:blank'];
        const started = spawn(chromiumPath, words, {detached: true, stdio: ['ignore', 'ignore', 'pipe']});
        this.process = started;
        if (started.pid !== undefined) groups.add(started.pid);
        const endpoint = await new Promise<string>((resolve, reject) => {
            let said = '';
            started.stderr?.on('data', (data: Buffer) => {
                said += data.toString();
                const found = /DevTools listening on (ws:\S+)/.exec(said)?.[1];
                if (found !== undefined) resolve(found);
            });
            started.on('exit', () => reject(new Error(`Chromium did not start: ${said}`)));
        });
        this.browser = await chromium.connectOverCDP(endpoint);
        return this;
    }

    get context(): BrowserContext {
        return this.browser?.contexts()[0] as BrowserContext;
    }

    async privateWindow(): Promise<BrowserContext> {
        return (this.browser as Browser).newContext();
    }

    /** A tab on the test page; at `/next/` it is of a later version. */
    async tab(context = this.context, path = '/'): Promise<Page> {
        const page = await context.newPage();
        page.setDefaultTimeout(20_000);
        const found = complaints(page);
        this.complaints = found as string[];
        await page.goto(this.origin + path);
        await page.waitForFunction(() => window.syncline !== undefined);
        return page;
    }

    /** A tab with the store open. */
    async open(options: OpenOptions, tokens: readonly string[] = []): Promise<Page> {
        const page = await this.tab();
        await start(page, options, tokens);
        return page;
    }

    /** The number of the process that a tab's page and worker are in, and nothing of another tab. */
    async processOf(page: Page): Promise<number> {
        const browser = this.browser as Browser;
        const {frameTree} = await (await page.context().newCDPSession(page)).send('Page.getFrameTree');
        // When tracing starts the browser tells which process has which frame.
        await browser.startTracing(page, {categories: ['disabled-by-default-devtools.timeline']});
        const {traceEvents} = JSON.parse((await browser.stopTracing()).toString()) as {traceEvents: readonly Traced[]};
        const frames = traceEvents.find(({name}) => name === 'TracingStartedInBrowser')?.args.data?.frames ?? [];
        const process_ = frames.find(({frame}) => frame === frameTree.frame.id)?.processId;
        if (process_ === undefined) throw new Error('Chromium does not say which process has the page');
        return process_;
    }

    /** What that process holds, in MB: its pages, and its part of those that others share. */
    async memoryOf(page: Page): Promise<number> {
        const told = readFileSync(`/proc/${await this.processOf(page)}/smaps_rollup`, 'utf8');
        return Number(/^Pss:\s+(\d+) kB$/m.exec(told)?.[1]) / 1000;
    }

    /** That process is dead at once. */
    async killProcessOf(page: Page): Promise<void> {
        const crashed = page.waitForEvent('crash');
        process.kill(await this.processOf(page), 'SIGKILL');
        await crashed;
    }

    /** All its processes, at once, with no word to anybody. */
    async kill(): Promise<void> {
        const running = this.process;
        if (running === null) return;
        const gone = new Promise((resolve) => running.once('exit', resolve));
        this.process = null;
        if (running.pid !== undefined) {
            process.kill(-running.pid, 'SIGKILL');
            groups.delete(running.pid);
        }
        await gone;
        await this.browser?.close().catch(() => undefined);
        this.browser = null;
    }
    async close(): Promise<void> {
        await this.kill();
        rmSync(this.profile, {recursive: true, force: true, maxRetries: 5});
    }
}

/** A browser that is started now, and gone with the test. */
export async function startBrowser(test: Test, origin: string): Promise<TestBrowser> {
    const browser = new TestBrowser(origin);
    test.after(() => browser.close());
    return browser.start();
}

/** Opens the store in the page. */
export function start(page: Page, options: OpenOptions, tokens: readonly string[] = []): Promise<{role: string; storage: string; replica: string}> {
    // Playwright's types follow what is sent all the way down; a schema has no end.
    const plain = options as {name: string};
    return page.evaluate(
        ([plain, tokens]) => {
            window.syncline.tokens = [...tokens];
            return window.syncline.start(plain);
        },
        [plain, tokens] as const,
    );
}
export function count(page: Page, id: string): Promise<number> {
    return page.evaluate((id) => window.syncline.count(id), id);
}
export function add(page: Page, id: string, amount = 1): Promise<void> {
    return page.evaluate(([id, amount]) => window.syncline.add(id, amount), [id, amount] as const);
}
/** Until the page shows this count. */
export async function shows(page: Page, id: string, expected: number): Promise<void> {
    await page.waitForFunction(([id, expected]) => window.syncline.count(id) === expected, [id, expected] as const);
}
export function inSync(page: Page, space = 's'): Promise<void> {
    return page.evaluate((space) => window.syncline.store.space(space).inSync(20_000), space);
}
export function digest(page: Page, space = 's'): Promise<string> {
    return page.evaluate((space) => window.syncline.store.space(space).digest(), space);
}
