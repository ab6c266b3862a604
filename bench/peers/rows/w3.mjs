// W3: adds and removes on eight replicas at once; what is left after everything was removed.
import { check, time } from '../measure.mjs';
import { replicaCount, setElement, w3Left, w3Operations } from '../workloads.mjs';

function concurrently({ Replica, n, report }) {
  const replicas = Array.from({ length: replicaCount }, (_, i) => new Replica(i));
  const versions = replicas.map((replica) => replica.version());
  const operations = w3Operations(n).map(({ replica, adds, element }) => {
    const name = setElement(element);
    const to = replicas[replica];
    return { to, edit: adds ? () => to.add(name) : () => to.remove(name) };
  });
  const ms = time(() => {
    for (const { to, edit } of operations) to.single(edit);
  });
  report('operations', '1/s', (1000 * n) / ms);

  const deltas = replicas.map((replica, i) => replica.delta(versions[i]));
  report('deltas', 'B', deltas.reduce((sum, delta) => sum + delta.length, 0));
  const merge = time(() => {
    replicas.forEach((to, i) => deltas.forEach((delta, j) => i !== j && to.join(delta)));
  });
  report('merge', 'ms', merge);
  const sets = replicas.map((replica) => replica.elements().sort().join());
  check(sets.every((set) => set === sets[0]), 'all replicas are equal');
}

export const rows = {
  w3: { n: 10_000, run: concurrently },
  'w3.large': { n: 100_000, run: concurrently },
  'w3.left': {
    n: 10_000,
    run({ Replica, n, report }) {
      const { added, removed } = w3Left(n);
      const replica = new Replica(1);
      for (const element of added) replica.single(() => replica.add(setElement(element)));
      for (const element of removed) replica.single(() => replica.remove(setElement(element)));
      check(replica.elements().length === 0, 'the set is empty');
      report('left', 'B', replica.save().length);
    },
  },
};
