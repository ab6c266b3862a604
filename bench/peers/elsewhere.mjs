// A saved document made in a process of its own, so that making it leaves nothing in the memory of
// the process that measures what loading it takes.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const worker = fileURLToPath(new URL('worker.mjs', import.meta.url));

export function builtElsewhere({ row, peer, n, traces }) {
  const job = JSON.stringify({ row, peer, n, traces, build: true });
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--expose-gc', '--max-old-space-size=8192', worker, job],
    { maxBuffer: 2 ** 30 },
  );
  if (status !== 0) throw new Error(`could not build the document: ${stderr}`);
  return new Uint8Array(stdout);
}
