// Runs the rows of the peers, each several times and each time in a process of its own, and writes
// the medians as JSON. See README.md.
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { machine, versionsOf } from './machine.mjs';
import { measureOrLess } from './measure_row.mjs';
import { rows } from './rows/index.mjs';
import { tracesFound } from './traces.mjs';

const usage = `usage: node run.mjs [--only ROW]... [--peer PEER]... [--traces FOLDER]
                    [--repeat 3] [--limit 120] [--json FILE]
  --only    rows whose name begins so: w2, w2.save, b1 …  (default: all)
  --peer    these peers (default: all)
  --traces  folder with the recorded editing traces of W4 (default: $SYNCLINE_TRACES)
  --repeat  processes for each row and peer; the median counts
  --limit   seconds that one process may take; what needs longer is tried with a tenth
  --json    where the result goes (default: standard output)`;

function giveUp(message) {
  console.error(message);
  process.exit(2);
}
function readOptions() {
  const options = {
    only: { type: 'string', multiple: true, default: [''] },
    peer: { type: 'string', multiple: true },
    traces: { type: 'string', default: process.env.SYNCLINE_TRACES },
    repeat: { type: 'string', default: '3' },
    limit: { type: 'string', default: '120' },
    json: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  };
  try {
    const { values } = parseArgs({ options });
    const [repeat, limit] = [Number(values.repeat), Number(values.limit)];
    if (!(Number.isInteger(repeat) && repeat > 0 && limit > 0)) throw new Error('not a number');
    return { ...values, repeat, limit };
  } catch (error) {
    giveUp(`${error.message}\n${usage}`);
  }
}
const begins = (name, starts) => starts.some((start) => name.startsWith(start));

function selectedRows({ only, traces }) {
  const selected = Object.entries(rows).filter(([name]) => begins(name, only));
  if (selected.length === 0) giveUp(`no row begins with ${only.join(' or ')}`);
  if (tracesFound(traces)) return selected;
  const withoutTraces = selected.filter(([name]) => !name.startsWith('w4'));
  if (withoutTraces.length < selected.length) {
    console.error(
      traces
        ? `W4 is skipped: ${traces} lacks one of the traces.`
        : 'W4 is skipped: --traces or SYNCLINE_TRACES must name the folder of the traces.',
    );
  }
  return withoutTraces;
}
async function selectedAdapters({ peer }) {
  if (!existsSync(new URL('node_modules', import.meta.url))) giveUp('first run: npm ci');
  const files = readdirSync(new URL('adapters', import.meta.url));
  const all = files.map((file) => file.replace('.mjs', ''));
  const unknown = peer?.find((name) => !all.includes(name));
  if (unknown) giveUp(`there is no peer ${unknown}; there are ${all.join(', ')}`);
  const load = async (name) => [name, await import(`./adapters/${name}.mjs`)];
  return Promise.all((peer ?? all).map(load));
}

const options = readOptions();
if (options.help) {
  console.log(usage);
  process.exit(0);
}
const adapters = await selectedAdapters(options);
const versions = versionsOf(adapters.flatMap(([, adapter]) => adapter.packages));
const result = { machine: machine(), node: process.version, versions, rows: [] };
for (const [row, { n }] of selectedRows(options)) {
  for (const [peer, adapter] of adapters) {
    if (!begins(row, adapter.rows)) continue;
    const lines = await measureOrLess({ row, peer, n, traces: options.traces }, options);
    result.rows.push(...lines);
    for (const { metric, unit, value, n: size, note } of lines) {
      const figure = note ?? `${Number(value.toPrecision(4))} ${unit}`;
      console.error(row, peer, metric, figure, `n=${size}`);
    }
  }
}
result.machine.load_after = machine().load;
const text = JSON.stringify(result, null, 1);
if (options.json) writeFileSync(options.json, text + '\n');
else console.log(text);
