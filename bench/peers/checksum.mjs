// Prints a checksum of each generated input; bench/workloads/checksum.cpp must print the same.
import * as w from './workloads.mjs';

/** FNV-1a on 32 bits. A number counts as four bytes, low first; a text as its length and bytes. */
class Checksum {
  value = 2166136261;
  addByte(byte) {
    this.value = Math.imul(this.value ^ byte, 16777619);
  }
  add(part) {
    if (typeof part === 'number') {
      for (let shift = 0; shift < 32; shift += 8) this.addByte((part >>> shift) & 0xff);
    } else if (typeof part === 'string') {
      this.add(part.length);
      for (let i = 0; i < part.length; ++i) this.addByte(part.charCodeAt(i));
    } else if (Array.isArray(part)) {
      this.add(part.length);
      for (const one of part) this.add(one);
    } else {
      this.addFields(part);
    }
  }
  addFields(part) {
    if ('key' in part) return [w.mapKey(part.key), part.value].forEach((field) => this.add(field));
    if ('adds' in part) {
      const fields = [part.replica, part.adds ? 1 : 0, w.setElement(part.element)];
      return fields.forEach((field) => this.add(field));
    }
    for (const field of Object.values(part)) this.add(field);
  }
}
function print(name, n, ...parts) {
  const checksum = new Checksum();
  for (const part of parts) checksum.add(part);
  console.log(name, n, (checksum.value >>> 0).toString(16).padStart(8, '0'));
}

for (const n of [1_000, 100_000]) {
  print('w1', n, w.w1Replicas(n));
  print('w2.spread', n, w.w2Spread(n));
  print('w2.hot', n, w.w2Hot(n));
}
for (const n of [10_000, 100_000]) print('w3', n, w.w3Operations(n));
const left = w.w3Left(10_000);
print('w3.left', 10_000, left.added, left.removed);
for (const d of [10, 1_000, 10_000]) {
  const replicas = w.w5(100_000, d);
  print('w5', d, replicas.base, replicas.left, replicas.right);
}
const n = 6_000;
for (let kind = 1; kind <= 7; ++kind) print(`b1.${kind}`, n, w.b1Text(kind, n));
for (let kind = 8; kind <= 11; ++kind) print(`b1.${kind}`, n, w.b1List(kind, n));
for (let kind = 1; kind <= 4; ++kind) {
  const both = w.b2(kind, n);
  print(`b2.${kind}`, n, both.initial, both.users[0], both.users[1]);
}
for (let kind = 1; kind <= 4; ++kind) print(`b3.${kind}`, n, w.b3(kind, n));
