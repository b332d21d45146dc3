// A storm: one failure, many times a second. Every ID still resolves, the count is right, disk and CPU are measured.
// node test/process/errors-drill/storm.mjs [--rate 10000] [--seconds 10]
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { report, start } from 'sonde';
import { openReader } from '../../../dist/store/query.js';

const { values } = parseArgs({ options: { rate: { type: 'string', default: '10000' }, seconds: { type: 'string', default: '10' } } });
const rate = Number(values.rate);
const total = rate * Number(values.seconds);
const TICK_MS = 10;
const dir = mkdtempSync(join(tmpdir(), 'sonde-storm-'));
const sonde = await start({ service: 'storm', dir, logs: { level: 'off' } });

const ids = [];
let unsaved = 0;
let mostJournalBytes = 0;
const cpu = process.cpuUsage();
const startedMs = performance.now();
while (ids.length < total) {
  const due = Math.min(total, Math.floor(((performance.now() - startedMs) / 1_000) * rate));
  while (ids.length < due) {
    const { id, journaled } = report(new Error(`no answer to request ${ids.length}`));
    ids.push(id);
    if (!journaled) unsaved++;
  }
  mostJournalBytes = Math.max(mostJournalBytes, bytesIn('journal'));
  await new Promise((resolve) => setTimeout(resolve, TICK_MS));
}
const seconds = (performance.now() - startedMs) / 1_000;
const duringUs = cpuSince(cpu);
const { lost } = await sonde.shutdown({ within: '150s' });
const inAllUs = cpuSince(cpu);

const reader = openReader(dir);
let orphans = 0;
let withoutStack = 0;
for (const [n, id] of ids.entries()) {
  const record = await reader.error(id);
  if (record?.message !== `no answer to request ${n}`) orphans++;
  else if (!/^Error: no answer[^]*\n {4}at .*storm\.mjs/.test(record['exception.stacktrace'] ?? '')) withoutStack++;
}
const { items } = await reader.groups({});
await reader.close();
const count = items.reduce((sum, group) => sum + group.count, 0);
const storeBytes = bytesIn('store');
rmSync(dir, { recursive: true, force: true });

const good = orphans === 0 && withoutStack === 0 && count === total && items.length === 1 && unsaved === 0 && lost === 0;
console.log(
  `storm: ${good ? 'PASS' : 'FAIL'}, ${total} errors at ${Math.round(total / seconds)}/s, ${orphans} orphans, ${withoutStack} without a stack, ${items.length} group of ${count}, ${unsaved} not saved, ${lost} lost; ` +
    `CPU ${(duringUs / 1e6 / seconds).toFixed(2)} cores (worker included), ${(inAllUs / total).toFixed(1)} µs an error until all is stored, journal at most ${(mostJournalBytes / 1e6).toFixed(1)} MB, store ${Math.round(storeBytes / total)} bytes an error`,
);
process.exitCode = good ? 0 : 1;

function cpuSince(before) {
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

function bytesIn(folder) {
  try {
    return readdirSync(join(dir, folder)).reduce((sum, name) => sum + (statSync(join(dir, folder, name), { throwIfNoEntry: false })?.size ?? 0), 0);
  } catch {
    return 0;
  }
}
