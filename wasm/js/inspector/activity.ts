import {h} from './dom.js';
import type {View} from './dom.js';

const linesMax = 100;

/** What happened, newest first. */
export class ActivityView implements View {
    readonly element = h('ol', {tabindex: '0', 'aria-label': 'Activity, newest first'});

    note(what: string): void {
        const now = new Date();
        const time = h('time', {datetime: now.toISOString()}, now.toLocaleTimeString());
        this.element.prepend(h('li', {}, time, ' ', what));
        while (this.element.childElementCount > linesMax) this.element.lastElementChild?.remove();
    }

    stop(): void {
        this.element.replaceChildren();
    }
}
