/**
 * What a row asks of a peer: one replica of a document that holds a counter, a map, a text and a
 * list. An adapter extends this class, exports it as `Replica`, and exports with it
 *   packages  the npm packages it measures
 *   rows      the beginnings of the names of the rows that it can run
 *   download  for peers in WebAssembly: the files a browser has to fetch, below node_modules
 * All replicas of a peer begin from one common empty document, whatever their number.
 */
export class Replica {
  // ---- Changes ----

  /** Runs `edit`, which calls the mutators below, as one change. */
  change(edit) {
    edit();
  }
  /** The same where `edit` makes a single call: peers to whom a call is a change do less here. */
  single(edit) {
    this.change(edit);
  }
  /** A change, and the bytes that carry it to other replicas. */
  encoded(edit) {}
  /** Takes the bytes of one change. */
  take(bytes) {}

  // ---- What another replica lacks ----

  /** What this replica has seen, as bytes. */
  version() {}
  /** All changes beyond a version. */
  delta(version) {}
  join(delta) {
    this.take(delta);
  }
  /**
   * Makes two replicas equal, which were both at the version `common` before. Returns the bytes
   * that went over the wire, both ways. Only a peer that cannot do without looks at `common`.
   */
  static sync(left, right, common) {
    const versions = [left.version(), right.version()];
    const deltas = [left.delta(versions[1]), right.delta(versions[0])];
    left.join(deltas[1]);
    right.join(deltas[0]);
    return [...versions, ...deltas].reduce((sum, bytes) => sum + bytes.length, 0);
  }

  // ---- Persistence ----

  save() {}
  static load(bytes, number) {
    const replica = new this(number);
    replica.take(bytes);
    return replica;
  }
  /** Gives back memory that the garbage collector does not see. */
  free() {}

  // ---- The counter ----

  increment() {}
  total() {}

  // ---- The map, which stands in for a set where a peer has none ----

  set(key, value) {}
  erase(key) {}
  get(key) {}
  keys() {}

  add(element) {
    this.set(element, true);
  }
  remove(element) {
    this.erase(element);
  }
  elements() {
    return this.keys();
  }

  // ---- Text and list; positions count UTF-16 units ----

  insertText(position, text) {}
  eraseText(position, count) {}
  readText() {}

  insertList(index, values) {}
  readList() {}
}

/** Adds up the totals that replicas keep for themselves where a peer has no counter. */
export function sum(totals) {
  let total = 0;
  for (const one of totals) total += one;
  return total;
}
