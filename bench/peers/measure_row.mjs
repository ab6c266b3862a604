// One row of one peer: its processes, their time limit, and the median of what they measured.
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const worker = fileURLToPath(new URL('worker.mjs', import.meta.url));

/** One process: the figures that came, and how it ended (done, timeout or error). */
function runOnce(job, limit) {
  return new Promise((resolve) => {
    const figures = [];
    let ending = 'error';
    let complaint = '';
    const child = fork(worker, [JSON.stringify(job)], {
      execArgv: ['--expose-gc', '--max-old-space-size=8192'],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      detached: true, // a group of its own, so that the process which it may have started ends with it
    });
    const timer = setTimeout(() => {
      ending = 'timeout';
      process.kill(-child.pid, 'SIGKILL');
    }, 1000 * limit);
    child.stderr.on('data', (text) => (complaint = (complaint + text).slice(-5000)));
    child.on('message', (message) => {
      if (message.done) ending = 'done';
      else figures.push(message);
    });
    child.on('close', () => {
      clearTimeout(timer);
      resolve({ figures, ending, complaint });
    });
  });
}

function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

async function measure(job, { repeat, limit }) {
  const { row, peer, n } = job;
  const metrics = new Map();
  let last;
  for (let i = 0; i < repeat && (i === 0 || last.ending === 'done'); ++i) {
    last = await runOnce(job, limit);
    for (const { metric, unit, value } of last.figures) {
      if (!metrics.has(metric)) metrics.set(metric, { unit, runs: [] });
      metrics.get(metric).runs.push(value);
    }
  }
  const lines = [...metrics].map(([metric, { unit, runs }]) => {
    return { row, peer, metric, unit, value: median(runs), n, runs };
  });
  if (last.ending === 'timeout') {
    lines.push({ row, peer, metric: 'timeout', unit: 's', value: limit, n });
  } else if (last.ending === 'error') {
    const note = last.complaint.match(/^.*Error.*$/m)?.[0] ?? last.complaint.trim();
    lines.push({ row, peer, metric: 'error', unit: '', value: null, n, note });
  }
  return { lines, ending: last.ending };
}

/** The lines of the result. What takes too long is tried twice more, with a tenth each time. */
export async function measureOrLess(job, options) {
  const lines = [];
  for (let n = job.n, tries = 0; tries < 3; n = Math.floor(n / 10), ++tries) {
    const result = await measure({ ...job, n }, options);
    lines.push(...result.lines);
    if (result.ending !== 'timeout' || n < 1_000) break;
  }
  return lines;
}
