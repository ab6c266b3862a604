// The inputs of the core benchmark: the twin of bench/workloads/workloads.hpp, whose comments
// define every workload. Same names, same order of draws; checksum.mjs shows that the inputs are
// the same.

/** A counter run through the finalizer of MurmurHash3, on 32 bits. */
export class Random {
  constructor(seed) {
    this.state = seed;
  }
  next() {
    this.state = (this.state + 0x9e3779b9) | 0;
    let mixed = this.state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return (mixed ^ (mixed >>> 16)) >>> 0;
  }
  /** In [0, bound), for a bound up to 2^21: the product is then exact in a double. */
  below(bound) {
    return Math.floor((this.next() * bound) / 4294967296);
  }
  letters(count) {
    let text = '';
    for (let i = 0; i < count; ++i) text += String.fromCharCode(97 + this.below(26));
    return text;
  }
  word() {
    return this.letters(3 + this.below(7));
  }
  shuffled(count) {
    const order = Array.from({ length: count }, (_, i) => i);
    for (let i = count - 1; i >= 1; --i) {
      const j = this.below(i + 1);
      [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
  }
}

export const replicaCount = 8;
export const valueBound = 1_000_000;
const times = (n, make) => Array.from({ length: n }, (_, i) => make(i));

// ---- W1: a counter ----

export function w1Replicas(n) {
  const random = new Random(1001);
  return times(n, () => random.below(replicaCount));
}

// ---- W2: a map of last-writer-wins registers ----

export const mapKey = (key) => 'k' + key;

export function w2Spread(n) {
  const random = new Random(1002);
  const order = random.shuffled(n);
  return times(n, (i) => ({ key: order[i], value: random.below(valueBound) }));
}
export function w2Hot(n, keys = 1000) {
  const random = new Random(1003);
  return times(n, () => {
    const key = random.below(keys);
    return { key, value: random.below(valueBound) };
  });
}

// ---- W3: a set with add and remove ----

export const setElement = (element) => 'e' + element;

export function w3Operations(n) {
  const random = new Random(1004);
  const elements = times(replicaCount, () => []);
  const has = times(replicaCount, () => new Uint8Array(n));
  return times(n, () => {
    const replica = random.below(replicaCount);
    let adds = random.below(10) < 7;
    const own = elements[replica];
    const ownHas = has[replica];
    if (own.length === 0) adds = true;
    let element;
    if (adds) {
      element = random.below(n);
      if (!ownHas[element]) own.push(element);
      ownHas[element] = 1;
    } else {
      const entry = random.below(own.length);
      element = own[entry];
      own[entry] = own[own.length - 1];
      own.pop();
      ownHas[element] = 0;
    }
    return { replica, adds, element };
  });
}
export function w3Left(n) {
  const random = new Random(1005);
  const added = random.shuffled(n);
  return { added, removed: random.shuffled(n) };
}

// ---- W5: two replicas that differ a little ----

export function w5(keys, d) {
  const base = w2Spread(keys);
  const random = new Random(1006);
  const order = random.shuffled(keys);
  const sets = times(d, (i) => ({ key: order[i], value: valueBound + random.below(valueBound) }));
  return { base, left: sets.slice(0, d / 2), right: sets.slice(d / 2) };
}

// ---- B1: one user ----

const insertion = (position, inserted) => ({ position, erased: 0, inserted });

function scattered(random, n, length, makeChunk) {
  return times(n, () => {
    const position = random.below(length + 1);
    const edit = insertion(position, makeChunk(random));
    length += edit.inserted.length;
    return edit;
  });
}
function mixed(random, n, length) {
  return times(n, () => {
    const inserts = random.below(2) === 0;
    let edit;
    if (inserts || length === 0) {
      const position = random.below(length + 1);
      edit = insertion(position, random.word());
    } else {
      const position = random.below(length);
      edit = { position, erased: Math.min(1 + random.below(9), length - position), inserted: '' };
    }
    length += edit.inserted.length - edit.erased;
    return edit;
  });
}
const oneLetter = (random) => random.letters(1);
const oneWord = (random) => random.word();

export function b1Text(kind, n) {
  const random = new Random(1100 + kind);
  switch (kind) {
    case 1: return times(n, (i) => insertion(i, oneLetter(random)));
    case 2: return [insertion(0, random.letters(n))];
    case 3: return times(n, () => insertion(0, oneLetter(random)));
    case 4: return scattered(random, n, 0, oneLetter);
    case 5: return scattered(random, n, 0, oneWord);
    case 6: return [insertion(0, random.letters(n)), { position: 0, erased: n, inserted: '' }];
    case 7: return mixed(random, n, 0);
  }
}
export function b1List(kind, n) {
  const random = new Random(1100 + kind);
  const inserts = times(n, (i) => {
    const index = kind === 8 ? i : kind === 11 ? random.below(i + 1) : 0;
    return { index, values: [random.below(valueBound)] };
  });
  if (kind !== 9) return inserts;
  return [{ index: 0, values: inserts.map((insert) => insert.values[0]) }];
}

// ---- B2: two users ----

export function b2(kind, n) {
  const random = new Random(1200 + kind);
  const initial = random.letters(100);
  const users = times(2, () => {
    if (kind === 1) return [insertion(0, random.letters(n))];
    if (kind === 4) return mixed(random, n, initial.length);
    return scattered(random, n, initial.length, kind === 2 ? oneLetter : oneWord);
  });
  return { initial, users };
}

// ---- B3: many users ----

export function b3(kind, n) {
  const random = new Random(1300 + kind);
  const root = Math.floor(Math.sqrt(n));
  return times(20 * root, () => {
    if (kind === 1) return { number: random.below(valueBound), texts: [] };
    if (kind === 3) return { number: 0, texts: [random.letters(root)] };
    const first = random.word();
    return { number: 0, texts: kind === 2 ? [first, random.word()] : [first] };
  });
}
