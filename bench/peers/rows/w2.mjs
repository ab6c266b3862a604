// W2: a map of last-writer-wins registers.
import { builtElsewhere } from '../elsewhere.mjs';
import { check, held, time } from '../measure.mjs';
import { mapKey, w2Hot, w2Spread } from '../workloads.mjs';

const named = (sets) => sets.map(({ key, value }) => [mapKey(key), value]);
function setAll(replica, sets) {
  replica.change(() => {
    for (const [key, value] of sets) replica.set(key, value);
  });
}
/** A replica in which one change has set the n keys. */
function filled(Replica, n) {
  const replica = new Replica(1);
  setAll(replica, named(w2Spread(n)));
  return replica;
}
/** Any key of the map, to read first. */
const firstKey = mapKey(0);

export const rows = {
  'w2.set': {
    n: 100_000,
    run({ Replica, n, report }) {
      const sets = named(w2Spread(n));
      const replica = new Replica(1);
      report('sets', '1/s', (1000 * n) / time(() => setAll(replica, sets)));
      check(replica.keys().length === n, 'the number of keys');
    },
  },

  'w2.update': {
    n: 100_000,
    run({ Replica, n, report }) {
      const sets = named(w2Spread(n));
      const from = new Replica(1);
      const updates = [];
      const made = time(() => {
        for (const [key, value] of sets) updates.push(from.encoded(() => from.set(key, value)));
      });
      report('made', '1/s', (1000 * n) / made);
      report('update', 'B', updates.reduce((sum, update) => sum + update.length, 0) / n);

      const to = new Replica(2);
      const taken = time(() => {
        for (const update of updates) to.take(update);
      });
      report('taken', '1/s', (1000 * n) / taken);
      check(to.keys().length === n, 'the number of keys');
    },
  },

  'w2.merged': {
    n: 100_000,
    run({ Replica, n, report }) {
      const from = new Replica(1);
      const to = new Replica(2);
      const empty = from.version();
      setAll(from, named(w2Spread(n)));
      const delta = from.delta(empty);
      report('delta', 'B', delta.length);
      report('taken', 'ms', time(() => to.join(delta)));
      check(to.keys().length === n, 'the number of keys');
    },
  },

  'w2.save': {
    n: 100_000,
    run({ Replica, n, report }) {
      const replica = filled(Replica, n);
      const value = replica.get(firstKey);
      let bytes;
      report('save', 'ms', time(() => (bytes = replica.save())));
      report('saved', 'B', bytes.length);
      let read;
      report('load', 'ms', time(() => (read = Replica.load(bytes, 2).get(firstKey))));
      check(read === value, 'the value read');
    },
  },

  'w2.memory': {
    n: 100_000,
    warmUp: false,
    build: ({ Replica, n }) => filled(Replica, n).save(),
    async run({ Replica, n, peer, report }) {
      let bytes = builtElsewhere({ row: 'w2.memory', peer, n });
      const before = (await held()) - bytes.byteLength;
      const replica = Replica.load(bytes, 2);
      bytes = undefined;
      let values = 0;  // every one is read, so that what was left for later is there
      for (let key = 0; key < n; ++key) values += replica.get(mapKey(key)) === undefined ? 0 : 1;
      check(values === n, 'the number of values');
      report('held', 'B', (await held()) - before);
      check(replica.get(firstKey) !== undefined, 'the document is still held');
    },
  },

  'w2.hot': {
    n: 100_000,
    run({ Replica, n, report }) {
      const sets = named(w2Hot(n));
      const replica = new Replica(1);
      report('sets', '1/s', (1000 * n) / time(() => setAll(replica, sets)));
      report('saved', 'B', replica.save().length);
    },
  },
};
