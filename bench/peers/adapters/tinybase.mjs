import { createMergeableStore } from 'tinybase';
import { Replica as Base } from '../replica.mjs';

export const packages = ['tinybase'];
/** Its documents travel as JSON of the whole content; only the set was worth an adapter. */
export const rows = ['w3'];

/** What was removed is undefined, which JSON lacks; TinyBase's own persisters write this for it. */
const removed = '\ufffc';
const written = (_, part) => (part === undefined ? removed : part);
const read = (_, part) => (part === removed ? undefined : part);

export class Replica extends Base {
  constructor(number) {
    super();
    this.store = createMergeableStore(`replica-${number}`);
  }
  change(edit) {
    this.store.transaction(edit);
  }
  single(edit) {
    edit();
  }
  take(bytes) {
    this.store.applyMergeableChanges(JSON.parse(new TextDecoder().decode(bytes), read));
  }
  version() {
    return new Uint8Array();
  }
  delta() {
    return this.save();
  }
  save() {
    return new TextEncoder().encode(JSON.stringify(this.store.getMergeableContent(), written));
  }
  add(element) {
    this.store.setValue(element, true);
  }
  remove(element) {
    this.store.delValue(element);
  }
  elements() {
    return this.store.getValueIds();
  }
}
