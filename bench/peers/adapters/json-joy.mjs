import { Model } from 'json-joy/lib/json-crdt/index.js';
import { Patch, s } from 'json-joy/lib/json-crdt-patch/index.js';
import { framed, frames } from '../frames.mjs';
import { id53 } from '../ids.mjs';
import { Replica as Base, sum } from '../replica.mjs';

export const packages = ['json-joy'];
/** Not W5: there is no way to ask a model for what another one lacks. */
export const rows = ['w1', 'w2', 'w3', 'w4', 'b'];

/** Containers are made by a patch, so replicas must begin from one that all have. */
const schema = s.obj({ m: s.obj({}), t: s.str(''), l: s.arr([]) });
const empty = Model.create(schema, id53(0)).toBinary();

export class Replica extends Base {
  constructor(number, bytes = empty) {
    super();
    this.model = Model.load(bytes, id53(number + 1));
    this.map = this.model.api.obj(['m']);
    this.text = this.model.api.str(['t']);
    this.list = this.model.api.arr(['l']);
    this.own = String(number);
    this.count = 0;
    this.log = undefined;
  }
  static load(bytes, number) {
    return new this(number, bytes);
  }
  change(edit) {
    edit();
    const patch = this.model.api.flush();
    this.log?.push(patch);
  }
  encoded(edit) {
    edit();
    return this.model.api.flush().toBinary();
  }
  take(bytes) {
    this.model.applyPatch(Patch.fromBinary(bytes));
  }
  /** A model keeps no log. Asked for a version, this replica begins one of its own patches. */
  version() {
    this.log = [];
    return new Uint8Array();
  }
  delta() {
    return framed(this.log.map((patch) => patch.toBinary()));
  }
  join(delta) {
    for (const bytes of frames(delta)) this.take(bytes);
  }
  save() {
    return this.model.toBinary();
  }

  /** The replica's own total, in the map: there is no counter that merges. */
  increment() {
    this.set(this.own, ++this.count);
  }
  total() {
    return sum(Object.values(this.map.view()));
  }

  set(key, value) {
    this.map.set({ [key]: value });
  }
  erase(key) {
    this.map.del([key]);
  }
  get(key) {
    return this.map.node.get(key)?.view();
  }
  keys() {
    return Object.keys(this.map.view());
  }

  insertText(position, text) {
    this.text.ins(position, text);
  }
  eraseText(position, count) {
    this.text.del(position, count);
  }
  readText() {
    return this.text.view();
  }
  insertList(index, values) {
    this.list.ins(index, values);
  }
  readList() {
    return this.list.view();
  }
}
