import type {Space, SpaceReport, Stop, Store, SyncStatus} from '../api.js';
import {ActivityView} from './activity.js';
import {CollectionView} from './collection-view.js';
import {KeyedChildren, h, setText} from './dom.js';
import type {View} from './dom.js';
import {FactsView} from './facts.js';
import {bytes} from './format.js';
import {VersionVectorView} from './version-vector.js';

/** Traffic is counted, not told: it is asked for so often while the panel is there, in milliseconds. */
const reportMs = 1000;

/** Everything about one space. */
export class SpaceView implements View {
    readonly element: HTMLElement;
    readonly #store: Store;
    readonly #space: Space;
    readonly #status = h('p', {class: 'status', role: 'status'});
    readonly #switch: HTMLButtonElement;
    readonly #facts = new FactsView();
    readonly #vector: VersionVectorView;
    readonly #activity = new ActivityView();
    readonly #collections: KeyedChildren<null, CollectionView>;
    readonly #stops: Stop[] = [];
    #report: SpaceReport | null = null;
    #asking = false;

    constructor(store: Store, space: Space) {
        this.#store = store;
        this.#space = space;
        this.#vector = new VersionVectorView(() => store.replica);
        this.#switch = h(
            'button',
            {type: 'button', role: 'switch', 'aria-checked': 'false', click: () => this.#toggle()},
            'Online',
        );
        const collections = h('div', {class: 'collections'});
        this.#collections = new KeyedChildren(
            collections,
            (name) =>
                new CollectionView(space, name, (changed) =>
                    this.#activity.note(`${name}: ${changed} ${changed === 1 ? 'document' : 'documents'} changed`),
                ),
            () => undefined,
        );
        this.element = h(
            'div',
            {class: 'space'},
            h('div', {class: 'bar'}, this.#status, this.#switch),
            section('State', this.#facts.element),
            section('Documents', collections),
            section('Version vector', this.#vector.element),
            section('Activity', this.#activity.element),
        );
        this.#start();
    }

    stop(): void {
        for (const stop of this.#stops.splice(0)) stop();
        this.#collections.show([]);
    }

    #start(): void {
        this.#showStatus(this.#space.status());
        const timer = setInterval(() => void this.#ask(), reportMs);
        this.#stops.push(
            () => clearInterval(timer),
            this.#space.observeStatus((status) => {
                this.#showStatus(status);
                void this.#ask();
            }),
            this.#store.on('warning', ({code, message}) => this.#activity.note(`Warning, ${code}: ${message}`)),
            this.#store.on('rejected', ({space, code, reason}) => {
                if (space === this.#space.name) this.#activity.note(`The relay refused a change, ${code}: ${reason}`);
            }),
            this.#store.on('role', ({role}) => this.#activity.note(`This tab is a ${role} now`)),
        );
        void this.#ask();
    }

    #showStatus(status: SyncStatus): void {
        const {connection, pending, inSync} = status;
        const told = inSync ? 'in sync' : pending === 0 ? connection : `${connection}, ${pending} pending`;
        if (this.#status.textContent !== told) this.#activity.note(`Sync: ${told}`);
        setText(this.#status, told);
        this.#status.dataset['connection'] = connection;
        this.#switch.setAttribute('aria-checked', String(connection !== 'offline'));
        this.#facts.show(this.#store, status, this.#report);
    }

    async #ask(): Promise<void> {
        if (this.#asking) return;
        this.#asking = true;
        try {
            const [report, names] = await Promise.all([this.#space.inspect(), this.#space.collections()]);
            if (this.#stops.length === 0) return;
            this.#noteTraffic(report);
            this.#report = report;
            this.#facts.show(this.#store, this.#space.status(), report);
            this.#vector.show(report.versionVector);
            this.#collections.show(names.map((name) => [name, null]));
        } catch (error) {
            if (this.#stops.length > 0) setText(this.#status, error instanceof Error ? error.message : String(error));
        } finally {
            this.#asking = false;
        }
    }

    #noteTraffic(report: SpaceReport): void {
        const before = this.#report;
        if (before === null) return;
        const [sent, received] = [report.bytesSent - before.bytesSent, report.bytesReceived - before.bytesReceived];
        if (sent > 0) this.#activity.note(`Sent ${bytes(sent)}`);
        if (received > 0) this.#activity.note(`Received ${bytes(received)}`);
    }

    #toggle(): void {
        const online = this.#switch.getAttribute('aria-checked') === 'true';
        const done = online ? this.#store.disconnect() : this.#store.connect();
        done.catch((error: Error) => this.#activity.note(error.message));
    }
}

function section(title: string, content: HTMLElement): HTMLElement {
    const heading = h('h3', {}, title);
    return h('section', {'aria-label': title}, heading, content);
}
