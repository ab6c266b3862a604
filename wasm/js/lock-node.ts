/// <reference types="node" />
import * as fs from 'node:fs';

import {StorageFailure} from './host.js';

/** A file that is there as long as somebody has what it locks. */
export interface Lock {
    release(): void;
}

/** Those of this process: a process id may be one that a dead process had, and be ours now. */
const held = new Set<string>();

/**
 * Makes the lock file, which names this process. One that a dead process left behind is taken over.
 * Throws StorageFailure `locked` while a living process, this one included, has it.
 */
export function takeLock(path: string): Lock {
    const ours = identity(process.pid);
    for (let attempt = 0; attempt < 100; ++attempt) {
        if (make(path, ours)) {
            const real = fs.realpathSync(path);
            held.add(real);
            return {
                release() {
                    held.delete(real);
                    fs.rmSync(real, {force: true});
                },
            };
        }
        removeStale(path);
    }
    throw new StorageFailure('locked', `${path} comes and goes; is it in use by several processes?`);
}

/** Makes the file with its content in one step; false if it is there. */
function make(path: string, content: string): boolean {
    const aside = `${path}.${process.pid}.${Date.now()}`;
    fs.writeFileSync(aside, content);
    try {
        fs.linkSync(aside, path);
        return true;
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
        throw error;
    } finally {
        fs.rmSync(aside, {force: true});
    }
}

function removeStale(path: string): void {
    const owner = read(path);
    if (owner === undefined) return;
    if (isAlive(owner, path)) {
        throw new StorageFailure('locked', `${path} belongs to process ${owner.split(' ')[0]}`);
    }
    // Two may find it stale at once. Only one moves it away; and what was moved is looked at again, since
    // the other one's new lock may have been there already.
    const aside = `${path}.${process.pid}.${Date.now()}`;
    try {
        fs.renameSync(path, aside);
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
        throw error;
    }
    if (read(aside) !== owner) {
        try {
            fs.linkSync(aside, path);
        } catch {
            // Somebody made a lock in this instant; the next attempt sees it.
        }
    }
    fs.rmSync(aside, {force: true});
}

function read(path: string): string | undefined {
    try {
        return fs.readFileSync(path, 'utf8');
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
    }
}

function isAlive(owner: string, path: string): boolean {
    const [pid = NaN, began] = owner.split(' ').map(Number);
    // Lost in a power cut: it was never brought to the disk.
    if (!Number.isInteger(pid) || pid <= 0) return false;
    if (pid === process.pid) return held.has(fs.realpathSync(path));
    try {
        process.kill(pid, 0);
    } catch (error) {
        return (error as NodeJS.ErrnoException).code === 'EPERM';
    }
    const now = processOf(pid);
    if (now === undefined) return true;
    // A zombie has nothing open any more; another process may have got the number since.
    return now.state !== 'Z' && (began === undefined || began === now.began);
}

/** A process's number and, where that can be known, when it began: numbers are used again. */
function identity(pid: number): string {
    const known = processOf(pid);
    return known === undefined ? `${pid}` : `${pid} ${known.began}`;
}

/** What Linux tells of a process; nothing elsewhere. */
function processOf(pid: number): {readonly state: string; readonly began: number} | undefined {
    try {
        const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
        // Behind the name, which may hold anything: the state is field 3, the start time field 22.
        const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        return {state: fields[0] ?? '', began: Number(fields[19])};
    } catch {
        return undefined;
    }
}
