// The drill: nothing is lost quietly. Programs make spans in bursts and end in every way, on a busy machine, against receivers
// of every kind, while their telemetry worker is killed. After each, every span is with the receiver, in the spool, or counted.
// node test/process/pipeline-drill/drill.mjs [--rounds 50] [--seed 1] [--load 4] [--spans 20000] [--receiver away]
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openDatabase } from '../../../dist/store/sqlite.js';
import { randomFrom } from './random.mjs';
import { contents, openReceiver } from './receiver.mjs';

const PROGRAM = join(import.meta.dirname, 'program.mjs');
const ENDINGS = [
  'end',
  'exit',
  'shutdown',
  'shutdown-then-exit',
  'shutdown-and-exit-at-once',
  'flush-then-exit',
  'uncaught',
  'signal',
  'handled',
  'signal-while-it-shuts-down',
];
const RECEIVERS = [
  'healthy',
  'healthy',
  'slow',
  'mixed',
  'hangs',
  'answers 500',
  'answers 429',
  'answers 503',
  'closes',
  'gives half an answer',
  'flapping',
  'away',
  'store',
];
const LIMIT_MS = 600_000; // a program that does not end is a failure of the drill

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '50' },
    seed: { type: 'string', default: '1' },
    load: { type: 'string', default: '4' },
    spans: { type: 'string', default: '5000' },
    receiver: { type: 'string' },
    verbose: { type: 'boolean', default: false },
  },
});
const loops = Array.from({ length: Number(values.load) }, () => spawn(process.execPath, ['-e', 'for (;;);']));
const totals = { made: 0, taken: 0, spooled: 0, twice: 0, dropped: {} };
const problems = [];
const began = performance.now();
try {
  for (let round = 0; round < Number(values.rounds); round++) {
    const seed = Number(values.seed) + round;
    const found = await drill(seed);
    problems.push(...found.map((problem) => `seed ${seed}: ${problem}`));
    for (const problem of found) console.log(`  seed ${seed}: ${problem}`);
  }
} finally {
  for (const loop of loops) loop.kill();
}
const seconds = ((performance.now() - began) / 1_000).toFixed(0);
console.log(
  `${problems.length === 0 ? 'PASS' : 'FAIL'}, ${values.rounds} programs under ${values.load} busy loops made ${totals.made} spans: ${totals.taken} with the receiver, ${totals.spooled} in the spool or the store, ${
    Object.entries(totals.dropped)
      .map(([reason, count]) => `${count} counted as ${reason}`)
      .join(', ') || 'none dropped'
  }; ${problems.length} faults; ${totals.twice} came twice; ${seconds} s`,
);
process.exitCode = problems.length === 0 ? 0 : 1;

async function drill(seed) {
  const random = randomFrom(seed);
  const pick = (list) => list[Math.floor(random() * list.length)];
  const kind = values.receiver ?? pick(RECEIVERS);
  const chosen = pick(['none', 'none', 'some', 'at the end']);
  const kills = kind === 'store' ? 'none' : chosen; // a thread that is ended inside SQLite takes the process with it
  const scenario = {
    seed,
    bursts: Math.floor(random() * 8),
    burst: Math.ceil(random() * Number(values.spans)),
    lastBurst: Math.ceil(random() * Number(values.spans)),
    pauseMs: random() * 120,
    attributes: random() < 0.5,
    ending: pick(ENDINGS),
    withinMs: pick([200, 1_000, 3_000]),
    exitWithinMs: pick([300, 2_000]),
    killEveryMs: kills === 'some' ? 60 + random() * 200 : 0,
    killAtEnd: kills === 'at the end',
    spoolBytes: random() < 0.15 ? 100_000 : 0,
  };
  const receiver = await openReceiver(random);
  const dir = mkdtempSync(join(tmpdir(), 'sonde-pipeline-drill-'));
  let flap;
  if (kind === 'away') await receiver.close();
  else if (kind === 'flapping') flap = setInterval(() => receiver.behave(random() < 0.5 ? 'healthy' : 'answers 503'), 100);
  else if (kind !== 'store') receiver.behave(kind);
  try {
    const told = await run(scenario, kind === 'store' ? '' : receiver.url, dir);
    clearInterval(flap);
    const faults = judge(told, receiver, kind === 'store' ? stored(dir) : spooled(dir), kills !== 'none', kind === 'store' ? 'stored' : 'spooled');
    if (values.verbose || faults.length > 0)
      console.log(
        `  ${JSON.stringify({ ...scenario, kind, kills, code: told.code })}\n    ${JSON.stringify({ made: told.made, report: told.report, span: told.ledger?.span, log: told.ledger?.log })}${told.stderr ? `\n    ${told.stderr.trim().replaceAll('\n', '\n    ')}` : ''}`,
      );
    return faults;
  } finally {
    clearInterval(flap);
    if (kind !== 'away') await receiver.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

function run(scenario, url, dir) {
  const child = spawn(process.execPath, [PROGRAM, JSON.stringify(scenario)], {
    env: { PATH: process.env.PATH, PIPELINE_URL: url, PIPELINE_DIR: dir, PIPELINE_TIMEOUT: '700' },
  });
  const limit = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
  return new Promise((resolve) => {
    child.on('close', (code, signal) => {
      clearTimeout(limit);
      const last = stdout.trim().split('\n').at(-1);
      resolve({ ...(last ? JSON.parse(last) : {}), code: code ?? signal, stderr });
    });
  });
}

/** The same of the store. */
function stored(dir) {
  const found = { ids: [], logs: 0 };
  for (const name of readdirSync(dir, { recursive: true })) {
    if (!name.endsWith('.db')) continue;
    const day = openDatabase(join(dir, name), { readOnly: true, busyMs: 1_000 });
    for (const { id } of day.prepare('SELECT span_id AS id FROM spans').all()) found.ids.push(id);
    found.logs += day.prepare('SELECT count(*) AS count FROM logs').get().count;
    day.close();
  }
  return found;
}

/** The IDs of spans, and the number of log records, that lie in the spool. */
function spooled(dir) {
  const ids = [];
  let logs = 0;
  for (const name of readdirSync(dir, { recursive: true })) {
    const entry = /(span|log)-(\d+)-pg?\.otlp$/.exec(name);
    if (!entry) continue;
    const found = contents(entry[1], readFileSync(join(dir, name)));
    ids.push(...found.ids);
    logs += found.logs;
  }
  return { ids, logs };
}

/** Everything that does not add up. */
function judge(told, receiver, spool, killed, kept) {
  if (told.ledger === undefined) return [`no ledger was told, ended with ${told.code}: ${told.stderr}`];
  const faults = [];
  const { span, log } = told.ledger;
  for (const [name, ledger, made] of [
    ['span', span, told.made.span],
    ['log', log, told.made.log],
  ]) {
    const dropped = Object.values(ledger.dropped).reduce((a, b) => a + b, 0);
    if (ledger.produced !== ledger.stored + ledger.sent + ledger.spooled + ledger.pending + dropped) faults.push(`${name}: the identity does not hold`);
    for (const count of [ledger.sent, ledger.spooled, ledger.pending, ...Object.values(ledger.dropped)])
      if (count < 0) faults.push(`${name}: ${count} is below zero`);
    if (ledger.produced !== made && !(killed && ledger.produced > made)) faults.push(`${name}: ${made} made, ${ledger.produced} produced`);
    if (ledger.pending !== 0) faults.push(`${name}: ${ledger.pending} pending at the end`);
  }
  const everywhere = new Set([...receiver.taken.keys(), ...spool.ids]);
  const dropped = Object.values(span.dropped).reduce((a, b) => a + b, 0);
  const missing = told.made.span - everywhere.size;
  if (missing > dropped + Math.max(0, span.pending))
    faults.push(`${missing} spans are neither with the receiver nor in the spool, ${dropped} are counted as dropped`);
  if (missing < 0) faults.push(`${-missing} spans were never made`);
  const takenInAll = [...receiver.taken.values()].reduce((a, b) => a + b, 0);
  if (span.sent > takenInAll) faults.push(`${span.sent} spans are counted as sent, ${takenInAll} were taken`);
  // What is counted as expired may have reached the spool after all.
  for (const [what, ledger, lying] of [
    ['spans', span, spool.ids.length],
    ['lines', log, spool.logs],
  ])
    if (lying < ledger[kept] || lying > ledger[kept] + ledger.dropped.expired)
      faults.push(`${ledger[kept]} ${what} are counted as ${kept}, ${lying} lie there`);
  if (log.sent > receiver.logs) faults.push(`${log.sent} lines are counted as sent, ${receiver.logs} were taken`);
  totals.made += told.made.span;
  totals.taken += receiver.taken.size;
  totals.spooled += spool.ids.length;
  for (const [reason, count] of Object.entries(span.dropped)) if (count > 0) totals.dropped[reason] = (totals.dropped[reason] ?? 0) + count;
  totals.twice += takenInAll + spool.ids.length - everywhere.size;
  return faults;
}
