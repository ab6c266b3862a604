import {Random as Numbers} from '../support/random.js';

/** Choices that repeat from a seed. */
export class Random extends Numbers {
    oneIn(n: number): boolean {
        return this.below(n) === 0;
    }
    pick<T>(from: readonly T[]): T {
        return from[this.below(from.length)] as T;
    }
}
