// Replica ids that look drawn by chance, as in real use (small ones would make updates smaller),
// and are the same in every run.
import { Random } from './workloads.mjs';

/** Between 2^31 and 2^32. */
export const id32 = (number) => (new Random(7 * number).next() | 0x80000000) >>> 0;
/** Between 2^52 and 2^53. */
export const id53 = (number) =>
  2 ** 52 + (new Random(number).next() % 2 ** 20) * 2 ** 32 + id32(number);
/** Between 2^63 and 2^64, a bigint. */
export const id64 = (number) =>
  (BigInt(id32(number)) << 32n) | BigInt(new Random(number).next());
/** 16 bytes, in hexadecimal. */
export const idHex = (number) => id64(number).toString(16) + id64(number + 1e6).toString(16);
