import { LoroDoc, VersionVector } from 'loro-crdt';
import { id64 } from '../ids.mjs';
import { Replica as Base } from '../replica.mjs';

export const packages = ['loro-crdt'];
export const rows = ['w', 'b', 'download'];
export const download = [
  'loro-crdt/web/loro_wasm_bg.wasm',
  'loro-crdt/web/loro_wasm.js',
  'loro-crdt/web/index.js',
];

export class Replica extends Base {
  /** A document must be empty, without a handle taken, to load a snapshot the fast and lazy way. */
  constructor(number, snapshot) {
    super();
    this.doc = snapshot ? LoroDoc.fromSnapshot(snapshot) : new LoroDoc();
    this.doc.setPeerId(id64(number));
    this.counter = this.doc.getCounter('c');
    this.map = this.doc.getMap('m');
    this.text = this.doc.getText('t');
    this.list = this.doc.getList('l');
  }
  static load(bytes, number) {
    return new this(number, bytes);
  }
  change(edit) {
    edit();
    this.doc.commit();
  }
  /** The first call subscribes for good: Loro then encodes each change of this replica. */
  encoded(edit) {
    this.stop ??= this.doc.subscribeLocalUpdates((bytes) => (this.update = bytes));
    edit();
    this.doc.commit();
    return this.update;
  }
  take(bytes) {
    this.doc.import(bytes);
  }
  version() {
    return this.doc.oplogVersion().encode();
  }
  delta(version) {
    return this.doc.export({ mode: 'update', from: VersionVector.decode(version) });
  }
  save() {
    return this.doc.export({ mode: 'snapshot' });
  }
  free() {
    for (const part of [this.counter, this.map, this.text, this.list, this.doc]) part.free();
  }

  increment() {
    this.counter.increment(1);
  }
  total() {
    return this.counter.value;
  }

  set(key, value) {
    this.map.set(key, value);
  }
  erase(key) {
    this.map.delete(key);
  }
  get(key) {
    return this.map.get(key);
  }
  keys() {
    return this.map.keys();
  }

  insertText(position, text) {
    this.text.insert(position, text);
  }
  eraseText(position, count) {
    this.text.delete(position, count);
  }
  readText() {
    return this.text.toString();
  }
  insertList(index, values) {
    for (const value of values) this.list.insert(index++, value);
  }
  readList() {
    return this.list.toJSON();
  }
}
