#!/usr/bin/env node
// Runs the benchmarks: `npm run bench [-- scenario ...] [--rounds=9] [--variants=one;other] [--no-docs]`; `--smoke` only starts our own side of each.
// Each variant is a process of its own; the rounds alternate between them, so that a busy moment of the machine hits all.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../scripts/run.mjs';
import { startPeer, startSink } from './peer-process.mjs';
import { tableOf, writeTable } from './table.mjs';

const here = import.meta.dirname;
const flags = process.argv.slice(2).filter((argument) => argument.startsWith('--'));
const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const flag = (name, fallback) => flags.find((item) => item.startsWith(`--${name}=`))?.slice(name.length + 3) ?? fallback;
const smoke = flags.includes('--smoke');
const DEFAULT_ROUNDS = 9; // at least seven: a median that two disturbed rounds do not move
const onlyVariants = flag('variants', '').split(';').filter(Boolean);

const all = readdirSync(join(here, 'scenarios'))
  .filter((name) => name.endsWith('.mjs'))
  .map((name) => name.slice(0, -'.mjs'.length))
  .sort();
const unknown = wanted.filter((name) => !all.includes(name));
if (unknown.length > 0 || all.length === 0) {
  console.error(`Cannot run "${unknown.join(' ')}": no such scenario, expected some of ${all.join(', ')}`);
  process.exit(2);
}

if (!smoke && !existsSync(join(here, 'node_modules', '.package-lock.json'))) {
  console.log('installing the peers (npm ci --prefix test/bench) ...');
  const { code, output } = await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: here });
  if (code !== 0) {
    console.error(output);
    process.exit(1);
  }
}

const sink = await startSink();
let failed = 0;
for (const name of wanted.length > 0 ? wanted : all) {
  const { scenario } = await import(`./scenarios/${name}.mjs`);
  try {
    if (smoke) await smokeTest(name, scenario);
    else await measure(name, scenario);
  } catch (error) {
    failed++;
    console.error(`${name}: ${error.stack}`);
  }
}
sink.close();
if (smoke) console.log(`${(wanted.length || all.length) - failed} passed, ${failed} failed`);
// A variant that failed half-way may have left its process behind; those end with this one.
process.exit(failed > 0 ? 1 : 0);

/** Our own variants run one tiny round, so that a scenario cannot rot; nothing is timed. */
async function smokeTest(name, scenario) {
  const own = Object.keys(scenario.variants).filter((variant) => variant.startsWith('sonde'));
  if (own.length === 0) throw new Error(`scenario "${name}" has no variant of ours`);
  for (const variant of own) {
    const peer = await startPeer(name, variant, { sink: sink.url, flags: scenario.flags });
    await peer.ask('warm', { smoke });
    const figures = await peer.ask('round', { smoke });
    await peer.end();
    const bad = Object.entries(figures ?? {}).filter(([, value]) => !Number.isFinite(value));
    if (figures === undefined || bad.length > 0) throw new Error(`${variant} gave no figures: ${JSON.stringify(figures)}`);
    console.log(`✓ ${name} ${variant}`);
  }
}

async function measure(name, scenario) {
  const peers = [];
  const left = {};
  for (const variant of Object.keys(scenario.variants)) {
    if (onlyVariants.length > 0 && !onlyVariants.includes(variant)) continue;
    try {
      const peer = await startPeer(name, variant, { sink: sink.url, flags: scenario.flags });
      await peer.ask('warm', { ms: scenario.roundMs ?? 150 });
      peers.push(peer);
    } catch (error) {
      // A peer that does not run on this Node is a line of the table, not the end of the run.
      if (variant.startsWith('sonde')) throw error;
      left[variant] = error.message.split('\n')[0];
    }
  }
  const figures = Object.fromEntries(peers.map((peer) => [peer.variant, []]));
  const rounds = Number(flag('rounds', scenario.rounds ?? DEFAULT_ROUNDS));
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < peers.length; i++) {
      // The order turns by one each round: nobody always runs after the same neighbour.
      const peer = peers[(i + round) % peers.length];
      figures[peer.variant].push(await peer.ask('round', {}));
    }
  }
  const bytes = {};
  for (const peer of peers) bytes[peer.variant] = await peer.ask('memory', {});
  for (const peer of peers) await peer.end();
  const table = tableOf(scenario, figures, bytes, left);
  console.log(`\n${table}`);
  if (!flags.includes('--no-docs') && onlyVariants.length === 0) writeTable(join(here, '..', '..', 'docs', 'BENCHMARKS.md'), name, scenario, table);
}
