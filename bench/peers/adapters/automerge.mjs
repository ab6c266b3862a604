import * as A from '@automerge/automerge';
import { idHex } from '../ids.mjs';
import { Replica as Base } from '../replica.mjs';

export const packages = ['@automerge/automerge'];
export const rows = ['w', 'b', 'download'];
export const download = [
  '@automerge/automerge/dist/automerge.wasm',
  '@automerge/automerge/dist/mjs/wasm_bindgen_output/web/automerge_wasm.js',
  '@automerge/automerge/dist/mjs/implementation.js',
  '@automerge/automerge/dist/mjs/proxies.js',
];

/** Containers are made by a change, so replicas must begin from one that all have. */
const empty = A.save(A.from({ c: new A.Counter(0), m: {}, t: '', l: [] }, idHex(0)));

export class Replica extends Base {
  constructor(number, bytes = empty) {
    super();
    this.doc = A.load(bytes, idHex(number + 1));
  }
  static load(bytes, number) {
    return new this(number, bytes);
  }
  change(edit) {
    this.doc = A.change(this.doc, (draft) => {
      this.draft = draft;
      edit();
    });
  }
  encoded(edit) {
    this.change(edit);
    return A.getLastLocalChange(this.doc);
  }
  take(bytes) {
    [this.doc] = A.applyChanges(this.doc, [bytes]);
  }
  version() {
    return new TextEncoder().encode(A.getHeads(this.doc).join());
  }
  delta(version) {
    return A.saveSince(this.doc, new TextDecoder().decode(version).split(','));
  }
  join(delta) {
    this.doc = A.loadIncremental(this.doc, delta);
  }
  /**
   * A delta starts at heads that both know, so the ones last had in common are remembered, as the
   * library's sync state does. (Its protocol would send the whole document here: a base made by one
   * change leaves a history so short that a few changes are a large part of it.)
   */
  static sync(left, right, common) {
    const deltas = [left.delta(common), right.delta(common)];
    left.join(deltas[1]);
    right.join(deltas[0]);
    return deltas[0].length + deltas[1].length;
  }
  save() {
    return A.save(this.doc);
  }
  free() {
    A.free(this.doc);
  }

  increment() {
    this.draft.c.increment(1);
  }
  total() {
    return this.doc.c.value;
  }

  set(key, value) {
    this.draft.m[key] = value;
  }
  erase(key) {
    delete this.draft.m[key];
  }
  get(key) {
    return this.doc.m[key];
  }
  keys() {
    return Object.keys(this.doc.m);
  }

  insertText(position, text) {
    A.splice(this.draft, ['t'], position, 0, text);
  }
  eraseText(position, count) {
    A.splice(this.draft, ['t'], position, count);
  }
  readText() {
    return this.doc.t;
  }
  insertList(index, values) {
    this.draft.l.splice(index, 0, ...values);
  }
  readList() {
    return this.doc.l;
  }
}
