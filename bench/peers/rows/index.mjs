// All rows by name. A row has
//   n         how much of its workload is the full size
//   run       measures, and calls report(metric, unit, value) for each figure as soon as it has it
//   warmUp    false, or the size of the unmeasured runs before; a small one unless told
//   build     makes, in another process, the saved document that `run` asks for
import { rows as b } from './b.mjs';
import { rows as download } from './download.mjs';
import { rows as w1 } from './w1.mjs';
import { rows as w2 } from './w2.mjs';
import { rows as w3 } from './w3.mjs';
import { rows as w4 } from './w4.mjs';
import { rows as w5 } from './w5.mjs';

export const rows = { ...w1, ...w2, ...w3, ...w4, ...w5, ...b, ...download };
