import { Doc } from 'diamond-types-node';
import { Replica as Base } from '../replica.mjs';

export const packages = ['diamond-types-node'];
/** A text and nothing else. */
export const rows = ['w4', 'download'];
export const download = ['diamond-types-node/dt_bg.wasm', 'diamond-types-node/dt.js'];

export class Replica extends Base {
  constructor(number, bytes) {
    super();
    const agent = `agent-${number}`;
    this.doc = bytes ? Doc.fromBytes(bytes, agent) : new Doc(agent);
  }
  static load(bytes, number) {
    return new this(number, bytes);
  }
  encoded(edit) {
    const before = this.doc.getLocalVersion();
    edit();
    return this.doc.getPatchSince(before);
  }
  take(bytes) {
    this.doc.mergeBytes(bytes);
  }
  save() {
    return this.doc.toBytes();
  }
  free() {
    this.doc.free();
  }
  insertText(position, text) {
    this.doc.ins(position, text);
  }
  eraseText(position, count) {
    this.doc.del(position, count);
  }
  readText() {
    return this.doc.get();
  }
}
