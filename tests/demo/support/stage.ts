/** What all tests of a file share: a relay that serves the app, and a browser. */
import {after, before} from 'node:test';
import {join} from 'node:path';
import type {Browser, BrowserContextOptions} from 'playwright-core';
import {launch, Person} from './person';
import {Folder, program, putApp, Relay} from './place';

export class Stage {
    readonly #folder = new Folder();
    readonly relay = new Relay(this.#folder.path);
    #browser: Browser | null = null;

    async set(): Promise<void> {
        putApp(this.app);
        await this.relay.start();
        this.#browser = await launch();
    }
    async strike(): Promise<void> {
        await this.#browser?.close();
        await this.relay.kill();
        this.#folder.remove();
    }

    get folder(): string {
        return this.#folder.path;
    }
    /** Where the app's files are that the relay serves. */
    get app(): string {
        return join(this.folder, 'app');
    }
    /** Somebody with a browser profile of their own, on the app or at the link of a board. */
    enter(name: string, link = this.relay.url, options: BrowserContextOptions = {}): Promise<Person> {
        if (this.#browser === null) throw new Error('the stage is not set');
        return Person.arrive(this.#browser, name, link, options);
    }
    /** Runs one of our programs; its output. */
    program(name: string, ...words: readonly string[]): string {
        return program(name, words, this.folder);
    }
}

/** Set before the tests of the file, gone after them. */
export function setStage(): Stage {
    const stage = new Stage();
    before(() => stage.set());
    after(() => stage.strike());
    return stage;
}
