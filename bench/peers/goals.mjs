// What we are after, for each figure: how many times better than the best peer of the same run
// (`times`; below 1 is worse), or a value not to be passed (`most`). One goal for the native build,
// one for WebAssembly.

const times = (native, wasm = native) => ({ native: { times: native }, wasm: { times: wasm } });
const most = (value) => ({ native: { most: value }, wasm: { most: value } });

export const goals = {
  'w1 increments': times(20, 5),
  'w1 deltas': times(1),
  'w2.set sets': times(10, 4),
  'w2.update made': times(10, 4),
  'w2.update update in a frame': most(17),
  'w2.update taken': times(10, 4),
  'w2.merged taken': times(10, 4),
  'w2.save save': times(10, 4),
  'w2.save saved': times(1),
  'w2.save load': times(8, 3),
  'w2.memory held': times(2, 1 / 0.7),
  'w2.hot saved': most(12_000),
  'w3 operations': times(10, 4),
  'w3 merge': times(10, 4),
  'w3.left left': most(100),
  'w4.paper edit': times(4, 1),
  'w4.paper saved': times(1),
  'w4.paper load': times(1, 1 / 1.5),
  'w4.memory held': times(1, 1 / 1.5),
  'w4.update edit': times(8, 3),
  'w4.update take': times(8, 3),
  'w4.clownschool edit': times(5, 2),
  'w4.clownschool take': times(5, 2),
  'w4.clownschool saved': times(1),
  'w4.friendsforever edit': times(5, 2),
  'w4.friendsforever take': times(5, 2),
  'w4.friendsforever saved': times(1),
  'w5.10 sync': times(10, 3),
  'w5.1000 sync': times(10, 3),
  'w5.10000 sync': times(10, 3),
  'w5.10 sent': times(1),
  'w5.1000 sent': times(1),
  'w5.10000 sent': times(1),
  'b3.4 taken': times(8, 3),
  'download gzip': { wasm: { most: 150_000 } },
};
