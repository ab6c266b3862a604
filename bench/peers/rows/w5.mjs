// W5: two replicas of a large map, with d keys that differ, become equal.
import { check, time } from '../measure.mjs';
import { mapKey, w5 } from '../workloads.mjs';

const keys = 100_000;
/** Some hundred rounds of the code without the large map. */
const warmUp = { n: 1_000, keys: 2_000 };

function setEach(replica, sets) {
  for (const { key, value } of sets) replica.single(() => replica.set(mapKey(key), value));
}

function differing(d) {
  return {
    n: d,
    warmUp,
    run({ Replica, n, warm, report }) {
      const sets = w5(warm ? warmUp.keys : keys, n);
      const left = new Replica(1);
      left.change(() => {
        for (const { key, value } of sets.base) left.set(mapKey(key), value);
      });
      const right = new Replica(2);
      right.join(left.delta(right.version()));
      const common = left.version();
      setEach(left, sets.left);
      setEach(right, sets.right);
      let bytes;
      report('sync', 'ms', time(() => (bytes = Replica.sync(left, right, common))));
      report('sent', 'B', bytes);
      for (const { key, value } of [...sets.left, ...sets.right]) {
        check(left.get(mapKey(key)) === value, 'a value on the left');
        check(right.get(mapKey(key)) === value, 'a value on the right');
      }
    },
  };
}

export const rows = {
  'w5.10': differing(10),
  'w5.1000': differing(1_000),
  'w5.10000': differing(10_000),
};
