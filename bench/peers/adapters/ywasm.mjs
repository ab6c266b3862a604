import * as Y from 'ywasm';
import { id32 } from '../ids.mjs';
import { Replica as Base, sum } from '../replica.mjs';

export const packages = ['ywasm'];
export const rows = ['w', 'b', 'download'];
export const download = ['ywasm/ywasm_bg.wasm', 'ywasm/ywasm.js'];

export class Replica extends Base {
  constructor(number) {
    super();
    this.doc = new Y.YDoc({ clientID: id32(number) });
    this.map = this.doc.getMap('m');
    this.text = this.doc.getText('t');
    this.list = this.doc.getArray('l');
    this.own = String(number);
    this.count = 0;
    this.transaction = undefined;
  }
  change(edit) {
    this.transaction = this.doc.beginTransaction();
    edit();
    this.transaction.free();
    this.transaction = undefined;
  }
  /** Without a transaction each call is one; that saves two calls into WebAssembly. */
  single(edit) {
    edit();
  }
  encoded(edit) {
    this.transaction = this.doc.beginTransaction();
    edit();
    const update = this.transaction.encodeUpdate();
    this.transaction.free();
    this.transaction = undefined;
    return update;
  }
  take(bytes) {
    Y.applyUpdate(this.doc, bytes);
  }
  version() {
    return Y.encodeStateVector(this.doc);
  }
  delta(version) {
    return Y.encodeStateAsUpdate(this.doc, version);
  }
  save() {
    return Y.encodeStateAsUpdate(this.doc);
  }
  free() {
    for (const part of [this.map, this.text, this.list, this.doc]) part.free();
  }

  /** There is no counter: each replica keeps a total of its own in the map. */
  increment() {
    this.map.set(this.own, ++this.count, this.transaction);
  }
  total() {
    return sum(Object.values(this.map.toJson()));
  }

  set(key, value) {
    this.map.set(key, value, this.transaction);
  }
  erase(key) {
    this.map.delete(key, this.transaction);
  }
  get(key) {
    return this.map.get(key);
  }
  keys() {
    return Object.keys(this.map.toJson());
  }

  insertText(position, text) {
    this.text.insert(position, text, undefined, this.transaction);
  }
  eraseText(position, count) {
    this.text.delete(position, count, this.transaction);
  }
  readText() {
    return this.text.toString();
  }
  insertList(index, values) {
    this.list.insert(index, values, this.transaction);
  }
  readList() {
    return this.list.toJson();
  }
}
