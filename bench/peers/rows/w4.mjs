// W4: the trace of one author, and two traces of several who write at once.
import { builtElsewhere } from '../elsewhere.mjs';
import { check, held, time } from '../measure.mjs';
import { concurrentTrace, replay, sequentialTrace } from '../traces.mjs';

function typed(Replica, edits) {
  const replica = new Replica(1);
  replica.change(() => edits.forEach((edit) => replay(replica, edit)));
  return replica;
}
function typedElsewhere({ Replica, n, traces }) {
  return typed(Replica, sequentialTrace(traces, n).edits).save();
}

function atOnce(name) {
  return ({ Replica, n, traces, report }) => {
    const { agents, steps, endContent } = concurrentTrace(traces, name, n);
    const replicas = Array.from({ length: agents }, (_, agent) => new Replica(agent));
    const updates = [];
    const edited = time(() => {
      for (const { agent, takes, edits } of steps) {
        const replica = replicas[agent];
        for (const step of takes) replica.take(updates[step]);
        updates.push(replica.encoded(() => edits.forEach((edit) => replay(replica, edit))));
      }
    });
    report('edit', 'ms', edited);
    report('updates', 'B', updates.reduce((sum, update) => sum + update.length, 0));

    const reader = new Replica(agents);
    report('take', 'ms', time(() => updates.forEach((update) => reader.take(update))));
    report('saved', 'B', reader.save().length);
    const last = replicas[steps.at(-1).agent];
    for (const update of updates) last.take(update);
    check(last.readText() === reader.readText(), 'the replicas are equal');
    if (endContent !== undefined) {
      report('as recorded', 'bool', Number(reader.readText() === endContent));
    }
  };
}

export const rows = {
  'w4.paper': {
    n: 259_778,
    run({ Replica, n, traces, report }) {
      const { edits, endContent } = sequentialTrace(traces, n);
      let replica;
      report('edit', 'ms', time(() => (replica = typed(Replica, edits))));
      let bytes;
      report('save', 'ms', time(() => (bytes = replica.save())));
      report('saved', 'B', bytes.length);
      let text;
      report('load', 'ms', time(() => (text = Replica.load(bytes, 2).readText())));
      check(text === endContent, 'the text');
    },
  },

  'w4.update': {
    n: 259_778,
    run({ Replica, n, traces, report }) {
      const { edits, endContent } = sequentialTrace(traces, n);
      const from = new Replica(1);
      const updates = [];
      const edited = time(() => {
        for (const edit of edits) updates.push(from.encoded(() => replay(from, edit)));
      });
      report('edit', 'ms', edited);
      report('update', 'B', updates.reduce((sum, update) => sum + update.length, 0) / n);
      const to = new Replica(2);
      report('take', 'ms', time(() => updates.forEach((update) => to.take(update))));
      check(to.readText() === endContent, 'the text');
    },
  },

  'w4.memory': {
    n: 259_778,
    warmUp: false,
    build: typedElsewhere,
    async run({ Replica, n, peer, traces, report }) {
      let bytes = builtElsewhere({ row: 'w4.memory', peer, n, traces });
      const before = (await held()) - bytes.byteLength;
      const replica = Replica.load(bytes, 2);
      bytes = undefined;
      const length = replica.readText().length;
      report('held', 'B', (await held()) - before);
      check(replica.readText().length === length, 'the document is still held');
    },
  },

  'w4.clownschool': { n: 23_136, run: atOnce('clownschool') },
  'w4.friendsforever': { n: 26_078, run: atOnce('friendsforever') },
};
