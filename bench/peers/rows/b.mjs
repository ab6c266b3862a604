// B1 to B3: one user, two at once, and 1,540 at once, after the kinds of crdt-benchmarks.
import { check, time } from '../measure.mjs';
import { replay } from '../traces.mjs';
import { b1List, b1Text, b2, b3 } from '../workloads.mjs';

const n = 6_000;
const total = (updates) => updates.reduce((sum, update) => sum + update.length, 0);

/** Every edit as an update, at one replica; another takes them. `apply` makes one edit. */
function oneUser(inputs, apply, read) {
  return {
    n,
    run({ Replica, n, report }) {
      const edits = inputs(n);
      const from = new Replica(1);
      const updates = [];
      const edited = time(() => {
        for (const edit of edits) updates.push(from.encoded(() => apply(from, edit)));
      });
      report('edit', 'ms', edited);
      report('updates', 'B', total(updates));
      const to = new Replica(2);
      report('take', 'ms', time(() => updates.forEach((update) => to.take(update))));
      report('saved', 'B', to.save().length);
      check(read(to) === read(from), 'the replicas are equal');
    },
  };
}
const insertList = (replica, { index, values }) => replica.insertList(index, values);
const readText = (replica) => replica.readText();
const readList = (replica) => replica.readList().join();

function twoUsers(kind) {
  return {
    n,
    run({ Replica, n, report }) {
      const { initial, users } = b2(kind, n);
      const replicas = [new Replica(1), new Replica(2)];
      replicas[1].take(replicas[0].encoded(() => replicas[0].insertText(0, initial)));
      const updates = [[], []];
      const edited = time(() => {
        for (const user of [0, 1]) {
          const replica = replicas[user];
          for (const edit of users[user]) {
            updates[user].push(replica.encoded(() => replay(replica, edit)));
          }
        }
      });
      report('edit', 'ms', edited);
      report('updates', 'B', total(updates.flat()));
      const take = time(() => {
        for (const user of [0, 1]) {
          for (const update of updates[1 - user]) replicas[user].take(update);
        }
      });
      report('take', 'ms', take);
      report('saved', 'B', replicas[0].save().length);
      check(replicas[0].readText() === replicas[1].readText(), 'the replicas are equal');
    },
  };
}

function writeAs(kind, replica, { number, texts }) {
  switch (kind) {
    case 1: return replica.set('v', number);
    case 2: return replica.set('v', { name: texts[0], address: texts[1] });
    case 3: return replica.set('v', texts[0]);
    case 4: return replica.insertList(0, texts);
  }
}
function manyUsers(kind) {
  return {
    n,
    run({ Replica, n, report }) {
      const writes = b3(kind, n);
      const updates = writes.map((write, client) => {
        const replica = new Replica(1 + client);
        const update = replica.encoded(() => writeAs(kind, replica, write));
        replica.free();
        return update;
      });
      report('updates', 'B', total(updates));
      const reader = new Replica(0);
      const ms = time(() => updates.forEach((update) => reader.take(update)));
      report('taken', '1/s', (1000 * updates.length) / ms);
      report('saved', 'B', reader.save().length);
      if (kind === 4) check(reader.readList().length === writes.length, 'the length of the list');
      else check(reader.get('v') !== undefined, 'the value');
    },
  };
}

export const rows = {};
for (let kind = 1; kind <= 7; ++kind) {
  rows[`b1.${kind}`] = oneUser((count) => b1Text(kind, count), replay, readText);
}
for (let kind = 8; kind <= 11; ++kind) {
  rows[`b1.${kind}`] = oneUser((count) => b1List(kind, count), insertList, readList);
}
for (let kind = 1; kind <= 4; ++kind) rows[`b2.${kind}`] = twoUsers(kind);
for (let kind = 1; kind <= 4; ++kind) rows[`b3.${kind}`] = manyUsers(kind);
