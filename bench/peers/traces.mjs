// The recorded editing traces of W4, read from a folder that is not part of the project.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

const file = (folder, name) => join(folder, `${name}.json.gz`);
export const traceNames = ['automerge-paper', 'clownschool', 'friendsforever'];
export const tracesFound = (folder) =>
  Boolean(folder) && traceNames.every((name) => existsSync(file(folder, name)));

/** Plays one edit at a replica. */
export function replay(replica, { position, erased, inserted }) {
  if (erased > 0) replica.eraseText(position, erased);
  if (inserted !== '') replica.insertText(position, inserted);
}

function read(folder, name) {
  const trace = JSON.parse(gunzipSync(readFileSync(file(folder, name))));
  // Positions count code points, but UTF-16 units for the peers: the same without surrogates.
  if (/[\ud800-\udfff]/.test(JSON.stringify(trace.txns.map((txn) => txn.patches)))) {
    throw new Error(`${name}: positions would have to be converted to UTF-16`);
  }
  return trace;
}
const edit = ([position, erased, inserted]) => ({ position, erased, inserted });

/** The text that edits leave, by the plainest means. */
function plainly(edits) {
  let text = '';
  for (const { position, erased, inserted } of edits) {
    text = text.slice(0, position) + inserted + text.slice(position + erased);
  }
  return text;
}

/** The first `n` edits of the one author, and the text after them. */
export function sequentialTrace(folder, n) {
  const { txns, endContent } = read(folder, 'automerge-paper');
  const edits = txns.flatMap((txn) => txn.patches.map(edit));
  if (edits.length < n) throw new Error(`the trace has only ${edits.length} edits`);
  if (edits.length === n) return { edits, endContent };
  const first = edits.slice(0, n);
  return { edits: first, endContent: plainly(first) };
}

/**
 * The first `n` transactions of a concurrent trace as steps: `agent` takes the updates of the
 * earlier steps `takes`, in that order, and then makes `edits` as one change. The steps of an agent
 * follow each other causally in these traces, so one replica for each agent is enough.
 */
export function concurrentTrace(folder, name, n) {
  const { txns, endContent, numAgents } = read(folder, name);
  const stepsOf = Array.from({ length: numAgents }, () => []);  // of each agent, in order
  const known = stepsOf.map(() => stepsOf.map(() => 0));  // how many of whose steps an agent has
  const pasts = [];  // of each step: how many steps of each agent it has seen, itself included
  const steps = txns.slice(0, n).map(({ agent, parents, patches }, step) => {
    const past = stepsOf.map((_, other) => Math.max(0, ...parents.map((p) => pasts[p][other])));
    if (past[agent] !== stepsOf[agent].length) throw new Error(`${name}: an agent forked itself`);
    const takes = stepsOf.flatMap((own, other) =>
      other === agent ? [] : own.slice(known[agent][other], past[other]),
    );
    takes.sort((a, b) => a - b);
    known[agent] = known[agent].map((count, other) => Math.max(count, past[other]));
    stepsOf[agent].push(step);
    past[agent] += 1;
    pasts.push(past);
    return { agent, takes, edits: patches.map(edit) };
  });
  return { agents: numAgents, steps, endContent: n === txns.length ? endContent : undefined };
}
