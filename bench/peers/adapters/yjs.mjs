import * as Y from 'yjs';
import { id32 } from '../ids.mjs';
import { Replica as Base, sum } from '../replica.mjs';

export const packages = ['yjs'];
export const rows = ['w', 'b'];

export class Replica extends Base {
  constructor(number) {
    super();
    this.doc = new Y.Doc();
    this.doc.clientID = id32(number);
    this.map = this.doc.getMap('m');
    this.text = this.doc.getText('t');
    this.list = this.doc.getArray('l');
    this.own = String(number);
    this.count = 0;
  }
  change(edit) {
    this.doc.transact(edit);
  }
  single(edit) {
    edit();
  }
  encoded(edit) {
    let update;
    this.doc.once('update', (bytes) => (update = bytes));
    this.doc.transact(edit);
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

  /** Yjs has no counter: each replica keeps a total of its own in the map. */
  increment() {
    this.map.set(this.own, ++this.count);
  }
  total() {
    return sum(this.map.values());
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
    return [...this.map.keys()];
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
    this.list.insert(index, values);
  }
  readList() {
    return this.list.toArray();
  }
}
