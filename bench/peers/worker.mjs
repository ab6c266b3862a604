// One row of one peer in a process of its own. The job comes as JSON on the command line; each
// figure leaves as a message as soon as it is there, so that a time limit does not take back the
// ones before.
import { rows } from './rows/index.mjs';

/** Long enough for the compiler of JavaScript to have seen what is hot. */
const warmUpMs = 500;

const job = JSON.parse(process.argv[2]);
const adapter = await import(`./adapters/${job.peer}.mjs`);
const row = rows[job.row];
const context = { ...job, adapter, Replica: adapter.Replica };

if (job.build) {
  process.stdout.write(row.build(context));
} else {
  if (row.warmUp !== false) {
    const n = row.warmUp?.n ?? Math.min(job.n, 2_000);
    const end = performance.now() + warmUpMs;
    do await row.run({ ...context, n, warm: true, report() {} });
    while (performance.now() < end);
  }
  const report = (metric, unit, value) => process.send({ metric, unit, value });
  await row.run({ ...context, report });
  process.send({ done: true }, () => process.exit(0));
}
