// Merges results into one Markdown table: node table.mjs RESULT.json...
// Ours are the peers "syncline" and "syncline-wasm"; their ratios are against the best other peer.
import { readFileSync } from 'node:fs';
import { goals } from './goals.mjs';

const ours = ['syncline', 'syncline-wasm'];
const results = process.argv.slice(2).map((file) => JSON.parse(readFileSync(file)));
if (results.length === 0) {
  console.error('usage: node table.mjs RESULT.json...');
  process.exit(2);
}
if (results.some((result) => !Array.isArray(result.rows))) {
  console.error('table.mjs: a file is not a result: it has no rows.');
  process.exit(2);
}
const lines = results.flatMap((result) => result.rows);

/** Three digits and a prefix: 1.59 M. */
function short(value) {
  const step = [[1e9, ' G'], [1e6, ' M'], [1e3, ' k']].find(([size]) => value >= size);
  const scaled = value / (step?.[0] ?? 1);
  const digits = scaled >= 100 ? 0 : scaled >= 10 ? 1 : 2;
  return String(Number(scaled.toFixed(digits))) + (step?.[1] ?? '');
}
function figure({ unit, value }) {
  if (unit === 'bool') return value ? 'yes' : 'no';
  if (unit === 'B') return value < 1000 ? `${short(value)} B` : `${short(value)}B`;
  if (unit === '1/s') return `${short(value)}/s`;
  return `${value >= 100 ? Math.round(value) : Number(value.toPrecision(3))} ${unit}`;
}
/** How many times better `mine` is than `theirs`: only rates are better when they are larger. */
const gain = (mine, theirs) =>
  mine.unit === '1/s' ? mine.value / theirs.value : theirs.value / mine.value;

/** Of each peer the line with the largest n. */
function largest(group) {
  const peers = new Map();
  for (const line of group) {
    if (!(peers.get(line.peer)?.n > line.n)) peers.set(line.peer, line);
  }
  return [...peers.values()];
}
function ownCell(mine, best, goal) {
  if (!mine) return '';
  const ratio = best ? gain(mine, best) : undefined;
  const met = goal?.most ? mine.value <= goal.most : goal?.times ? ratio >= goal.times : undefined;
  const verdict = met === undefined ? '' : met ? ' ✓' : ' ✗';
  const factor = ratio === undefined ? '' : ` (${Number(ratio.toPrecision(2))}×)`;
  return figure(mine) + factor + verdict;
}
function goalText(goal) {
  if (goal?.most) return `≤ ${short(goal.most)}`;
  return goal?.times ? `≥ ${Number(goal.times.toPrecision(2))}×` : '';
}
const endings = (row, peers) =>
  lines
    .filter((line) => line.row === row && ['timeout', 'error'].includes(line.metric))
    .filter((line) => !peers.has(line.peer) && peers.add(line.peer))
    .map(({ peer, metric, value }) => `${peer} ${metric === 'error' ? 'fails' : `> ${value} s`}`);

function tableRow(row, metric, group) {
  const full = Math.max(...group.map((line) => line.n));
  const all = largest(group);
  const peers = all.filter((line) => !ours.includes(line.peer));
  const isBool = group[0].unit === 'bool';
  const ranked = peers.filter((line) => line.n === full).sort((a, b) => gain(b, a) - gain(a, b));
  const [best] = isBool ? [] : ranked;
  const others = (best ? ranked.slice(1) : ranked).map((line) => `${line.peer} ${figure(line)}`);
  const smaller = peers
    .filter((line) => line.n < full)
    .map((line) => `${line.peer} ${figure(line)} at n = ${line.n}`);
  const goal = goals[`${row} ${metric}`];
  const cells = ours.map((name, i) => {
    const mine = all.find((line) => line.peer === name && line.n === full);
    return ownCell(mine, best, [goal?.native, goal?.wasm][i]);
  });
  const wanted = [goal?.native, goal?.wasm].map(goalText);
  const known = new Set(peers.map((line) => line.peer));
  return [
    `${row}: ${metric}`,
    full.toLocaleString('en'),
    ...cells,
    wanted[0] === wanted[1] ? wanted[0] : wanted.map((text) => text || '–').join(' / '),
    best ? `**${best.peer}** ${figure(best)}` : '',
    [...others, ...smaller, ...endings(row, known)].join(', '),
  ];
}

/** Where the files were measured, each place once, with the versions measured there. */
const places = new Map();
for (const { machine, node, versions } of results) {
  if (!machine) continue;
  const { cpu, cores, memory_gib: memory, os } = machine;
  const size = [cores && `${cores} cores`, memory && `${memory} GiB`];
  const key = [cpu, ...size, os, node && `Node ${node}`].filter(Boolean).join(', ');
  places.set(key, { ...places.get(key), ...versions });
}
for (const [place, versions] of places) {
  const packages = Object.entries(versions).map((nameAndVersion) => nameAndVersion.join(' '));
  console.log(`- ${place}${packages.length > 0 ? `: ${packages.join(', ')}` : ''}`);
}
const heads = ['row', 'n', ...ours, 'goal N / W', 'best peer', 'others'];
console.log(`\n| ${heads.join(' | ')} |\n|${' --- |'.repeat(heads.length)}`);
const groups = new Map();
for (const line of lines) {
  if (line.metric === 'timeout' || line.metric === 'error') continue;
  const key = `${line.row} ${line.metric}`;
  groups.set(key, [...(groups.get(key) ?? []), line]);
}
for (const group of groups.values()) {
  console.log(`| ${tableRow(group[0].row, group[0].metric, group).join(' | ')} |`);
}
