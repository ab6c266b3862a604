// What a row measures with: time, and the memory that is held.

/** Milliseconds that `work` takes, with the garbage of what came before taken away first. */
export function time(work) {
  globalThis.gc();
  const begin = performance.now();
  work();
  return performance.now() - begin;
}

/**
 * Bytes held by JavaScript and WebAssembly. `external` counts buffers and whole memories of
 * WebAssembly, which never shrink: the figure holds for a process that has done nothing else.
 */
export async function held() {
  for (let i = 0; i < 3; ++i) {
    globalThis.gc();
    await new Promise((resolve) => setImmediate(resolve));  // finalizers run in between
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

export function check(holds, what) {
  if (!holds) throw new Error(`wrong result: ${what}`);
}
