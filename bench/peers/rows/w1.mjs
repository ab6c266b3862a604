// W1: increments on eight replicas, then everybody takes the deltas of all others.
import { check, time } from '../measure.mjs';
import { replicaCount, w1Replicas } from '../workloads.mjs';

export const rows = {
  w1: {
    n: 100_000,
    run({ Replica, n, report }) {
      const order = w1Replicas(n);
      const replicas = Array.from({ length: replicaCount }, (_, i) => new Replica(i));
      const versions = replicas.map((replica) => replica.version());
      const edits = replicas.map((replica) => () => replica.increment());
      const ms = time(() => {
        for (const i of order) replicas[i].single(edits[i]);
      });
      report('increments', '1/s', (1000 * n) / ms);

      const deltas = replicas.map((replica, i) => replica.delta(versions[i]));
      report('deltas', 'B', deltas.reduce((sum, delta) => sum + delta.length, 0));
      const exchange = time(() => {
        replicas.forEach((to, i) => deltas.forEach((delta, j) => i !== j && to.join(delta)));
      });
      report('exchange', 'ms', exchange);
      for (const replica of replicas) check(replica.total() === n, 'the total');
    },
  },
};
