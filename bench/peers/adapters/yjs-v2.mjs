// Yjs with its second encoding, which is smaller for many keys and larger for long texts. Only the
// rows where the encoding of a whole document or a large delta counts.
import * as Y from 'yjs';
import { Replica as Yjs } from './yjs.mjs';

export { packages } from './yjs.mjs';
const maps = ['w1', 'w2.merged', 'w2.save', 'w2.hot', 'w3', 'w5'];
const texts = ['w4.paper', 'w4.clownschool', 'w4.friendsforever'];
export const rows = [...maps, ...texts];

export class Replica extends Yjs {
  encoded(edit) {
    let update;
    this.doc.once('updateV2', (bytes) => (update = bytes));
    this.doc.transact(edit);
    return update;
  }
  take(bytes) {
    Y.applyUpdateV2(this.doc, bytes);
  }
  delta(version) {
    return Y.encodeStateAsUpdateV2(this.doc, version);
  }
  save() {
    return Y.encodeStateAsUpdateV2(this.doc);
  }
}
