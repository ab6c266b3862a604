import type {ErrorCode} from './api.js';

/**
 * What every call of this package fails with. `code` is the stable name to branch on, the message is for people.
 * Codes are those of C++ (`syncline/result.hpp`), and a few of the browser's: `closed` (the store was closed), `wiped` (it
 * was wiped, here or in another tab), `version_clash` (another tab runs a version that cannot share the store with this one), `engine_failed`
 * (the module itself broke, by a bug or for want of memory: it has to be opened again).
 */
export class SynclineError extends Error {
    readonly code: ErrorCode;

    /** `options.cause` is what the platform threw, if that was the reason. */
    constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
        super(message, options);
        this.name = 'SynclineError';
        this.code = code;
    }
}

/** Whatever was thrown, as one of ours: what is not becomes `code`. */
export function asError(thrown: unknown, code: ErrorCode = 'internal'): SynclineError {
    if (thrown instanceof SynclineError) return thrown;
    return new SynclineError(code, thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown));
}
