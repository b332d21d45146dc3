// The drill: an ID that was shown can always be found.
// node test/process/errors-drill/drill.mjs [--ids 10000] [--variant plain|...|all] [--seed 1]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { drive, startService } from './client.mjs';
import { lookUp } from './look-up.mjs';
import { VARIANTS } from './variants.mjs';

const MAX_SHOWN = 10; // faults that are printed; one is enough to look for
const MAX_LEAST = 60; // a round shows up to so many IDs at least: on a slow machine its time alone would show none, and rounds would never end
const PATIENCE_MS = 100_000; // for what has to happen in a round: a hang, however slow the machine is

const { values } = parseArgs({
  options: { ids: { type: 'string', default: '10000' }, variant: { type: 'string', default: 'all' }, seed: { type: 'string', default: '1' } },
});
const names = values.variant === 'all' ? Object.keys(VARIANTS) : [values.variant];
let failed = false;
for (const name of names) {
  if (!VARIANTS[name]) throw new Error(`Cannot drill "${name}": expected one of ${Object.keys(VARIANTS).join(', ')}, all`);
  failed = !(await drill(name, VARIANTS[name], Number(values.ids), Number(values.seed))) || failed;
}
process.exitCode = failed ? 1 : 0;

async function drill(name, variant, target, seed) {
  if (variant.needsRoot && process.getuid?.() !== 0) {
    console.log(`${name}: NOT RUN, it mounts a small tmpfs and needs root`);
    return true;
  }
  const random = randomFrom(seed);
  const dir = mkdtempSync(join(tmpdir(), `sonde-drill-${name}-`));
  const unmount = variant.mount?.(dir);
  const said = new Set();
  const stderrRecords = new Map();
  const onStderr = (line) => {
    if (line.startsWith('{') && line.includes('"error.id"')) {
      try {
        const record = JSON.parse(line);
        stderrRecords.set(record['error.id'], record);
        return;
      } catch {
        // cut off by the kill
      }
    }
    if (line.startsWith('sonde:')) said.add(line);
    else console.error(`  ${line}`);
  };
  let shown = [];
  let forgiven = 0;
  let unsaved = 0;
  let rounds = 0;
  let request = 0;
  const startedMs = performance.now();
  const problems = [];
  const state = {
    damaged: false,
    async calmRound() {
      const service = await startService(dir, { env: variant.env, onStderr });
      let over = false;
      const driving = drive(service.port, { width: 4, until: () => over, next: () => request++, onId: (item) => shown.push(item) });
      await sleep(200);
      over = true;
      await driving;
      await service.stop();
    },
    forgive() {
      forgiven += shown.length;
      shown = [];
    },
  };
  try {
    while (shown.length + forgiven < target || (variant.between && !state.damaged)) {
      const services = await Promise.all(Array.from({ length: variant.services ?? 1 }, () => startService(dir, { env: variant.env, onStderr })));
      const round = [];
      let over = false;
      const driving = services.map(({ port }) =>
        drive(port, { width: variant.width ?? 16, until: () => over, next: () => request++, onId: (item) => round.push(item) }),
      );
      const roundMs = (variant.roundMs ?? 0) + 20 + random() * 230;
      await sleep(roundMs / 2);
      await variant.during?.(services, rounds, dir);
      const isSaid = () => [...said].some((line) => variant.saysSo.test(line));
      for (let tries = 0; variant.waits && !isSaid() && tries < 50; tries++) {
        await until(isSaid, 2_000);
        if (!isSaid()) await variant.during?.(services, rounds, dir); // what was told before may have found nobody who listened
      }
      await sleep(roundMs / 2);
      const least = random() * MAX_LEAST;
      await until(() => round.length >= least);
      if (variant.ease && rounds % 2 === 0) {
        await sleep(150); // full for a while, under load
        if (unsaved === 0) await until(() => round.some((item) => item.unsaved), 5_000);
        await variant.ease(services, rounds, dir);
        await sleep(100);
      }
      const killed = services.map((service) => service.kill());
      over = true;
      const lived = await Promise.all(killed);
      await Promise.all(driving);
      if (lived.includes(false)) problems.push(`round ${rounds + 1}: a service had ended before it was killed`);
      shown.push(...round);
      unsaved += round.filter((item) => item.unsaved).length;
      rounds++;
      // Found at once, by what a dead process left behind; not only when the next one has tidied up.
      const { orphans, faults } = await lookUp(dir, round, stderrRecords);
      problems.push(
        ...orphans.map((item) => `round ${rounds}: ${item.id} (${item.what} ${item.n}) is found nowhere`),
        ...faults.map((fault) => `round ${rounds}: ${fault}`),
      );
      if (problems.length > 20) break;
      await variant.between?.(rounds, dir, state);
    }
    const last = await startService(dir, { env: variant.env, onStderr });
    const lost = await last.stop();
    const found = await lookUp(dir, shown, stderrRecords);
    problems.push(
      ...found.orphans.map((item) => `at the end: ${item.id} (${item.what} ${item.n}) is found nowhere`),
      ...found.faults.map((fault) => `at the end: ${fault}`),
    );
    if (lost > 0) problems.push(`at the end: the last service lost ${lost} records`);
    if (unsaved > 0 && !variant.allowsUnsaved) problems.push(`${unsaved} answers said that the record could not be saved`);
    if (variant.allowsUnsaved && unsaved === 0) problems.push('the disk was never full when an error was reported: the drill showed nothing');
    if (found.elsewhere !== shown.filter((item) => stderrRecords.has(item.id) && item.unsaved).length && !variant.allowsUnsaved)
      problems.push(`${found.elsewhere} records are on standard error only`);
    if (variant.saysSo && ![...said].some((line) => variant.saysSo.test(line))) problems.push('nobody said what had happened');
    const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1);
    for (const problem of [...new Set(problems)].slice(0, MAX_SHOWN)) console.log(`  ${problem.replaceAll('\n', ' | ').slice(0, 400)}`);
    for (const line of said) console.log(`  said: ${line}`);
    console.log(
      `${name}: ${problems.length === 0 ? 'PASS' : 'FAIL'}, ${shown.length + forgiven} IDs shown in ${rounds} rounds of kill -9, ${found.orphans.length} orphans; at the end ${found.inStore} in the store, ${found.inJournal} in journals, ${found.elsewhere} on standard error${forgiven > 0 ? `, ${forgiven} in the damaged day` : ''}${unsaved > 0 ? `; ${unsaved} answers said that they were not saved` : ''}; ${seconds} s, seed ${seed}`,
    );
    return problems.length === 0;
  } finally {
    unmount?.();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Waits for a condition; what it was waited for is judged at the end. */
async function until(isMet, limitMs = PATIENCE_MS) {
  const endMs = performance.now() + limitMs;
  while (!isMet() && performance.now() < endMs) await sleep(20);
}

function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Mulberry32: the same moments again for the same seed. */
function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
