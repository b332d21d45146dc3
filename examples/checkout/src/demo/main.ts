import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { drive, placeBuggy, placeDeclined, placeOne, type Seen } from './drive.ts';
import { type Service, startService } from './services.ts';

const CLI = fileURLToPath(new URL('../../../../dist/cli/main.js', import.meta.url));
const STATE_CLOSED = 'resilience4j_circuitbreaker_state{name="payments",state="closed"}';
const bold = (text: string): string => (process.stdout.isTTY && !process.env.NO_COLOR ? `\u001b[1m${text}\u001b[22m` : text);
const say = (text = ''): boolean => process.stdout.write(`${text}\n`);
const step = (text: string): boolean => say(`\n${bold(`── ${text} ${'─'.repeat(Math.max(3, 96 - text.length))}`)}\n`);

/** Runs the command line as a user would; what it prints is shown, or returned with `quiet`. */
async function cli(args: string[], quiet = false): Promise<{ code: number; out: string }> {
  if (!quiet) say(bold(`$ sonde ${args.join(' ')}`));
  const child = spawn(process.execPath, [CLI, ...args], { stdio: ['ignore', quiet ? 'pipe' : 'inherit', 'inherit'] });
  let out = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    out += chunk;
  });
  const [code] = await once(child, 'close');
  return { code: code as number, out };
}

/** Telemetry leaves in batches of up to a second: waits until the trace of `id` is whole in the store. */
async function untilStored(id: string, service: string): Promise<void> {
  for (let i = 0; i < 40; i++) {
    const { code, out } = await cli(['error', id, '--json'], true);
    if (code === 0 && out.includes(`"${service}"`) && out.includes('POST')) return;
    await sleep(250);
  }
}

function showAnswer(seen: Seen): void {
  const retryAfter = seen.retryAfter === null ? '' : `   Retry-After: ${seen.retryAfter}`;
  say(`${seen.what}\n  HTTP ${seen.status}   X-Error-Id: ${seen.errorId ?? '-'}${retryAfter}\n  ${seen.body}\n`);
}

function progressBar(done: number): void {
  if (!process.stdout.isTTY) return;
  const width = 40;
  const full = Math.round(done * width);
  process.stdout.write(`\r  [${'█'.repeat(full)}${'░'.repeat(width - full)}] ${Math.round(done * 100)} %${done >= 1 ? '\n' : ''}`);
}

async function showErrors(app: string): Promise<[string, string]> {
  step('Two requests fail: one in a known way, one because of a bug');
  const known = await placeDeclined(app);
  const bug = await placeBuggy(app);
  showAnswer(known);
  showAnswer(bug);
  if (!known.errorId || !bug.errorId) throw new Error('Cannot go on: an answer came without an error ID');
  await untilStored(known.errorId, 'payments');
  await untilStored(bug.errorId, 'checkout');
  for (const id of [known.errorId, bug.errorId]) {
    step(`What the support team sees for ${id}`);
    const { code } = await cli(['error', id]);
    if (code !== 0) throw new Error(`Cannot look up ${id}: the command ended with ${code}`);
  }
  return [known.errorId, bug.errorId];
}

async function showLevels(checkout: Service): Promise<void> {
  step('The log level, changed while the service runs');
  const url = `${checkout.urls.admin}/log/level`;
  say(`GET /log/level              ${(await (await fetch(url)).text()).trim()}`);
  const put = await fetch(url, { method: 'PUT', headers: { 'content-type': 'application/json' }, body: '{"level":"debug","ttl":"1m","reason":"demo"}' });
  say(`PUT /log/level debug, 1m    ${(await put.text()).trim()}`);
  const before = checkout.lines.length;
  await placeOne(checkout.urls.app as string);
  await sleep(300);
  const debug = checkout.lines.slice(before).filter((line) => /debug/i.test(line));
  if (debug.length === 0) throw new Error('Cannot show debug lines: none appeared after the level was changed');
  say(`\nThe next request writes ${debug.length} debug lines:`);
  for (const line of debug.slice(0, 4)) say(`  ${line}`);
  await fetch(url, { method: 'PUT', headers: { 'content-type': 'application/json' }, body: '{"level":"info"}' });
}

async function showMetrics(admin: string): Promise<void> {
  step('GET /metrics: every traced function has its rate, errors and durations');
  for (const metric of ['function_calls_total', 'function_calls_duration_seconds_sum', 'errors_total', 'orders_placed_total']) {
    const rows = await rowsOf(admin, metric);
    if (rows.length === 0) throw new Error(`Cannot show metrics: no row of ${metric}`);
    for (const row of rows) say(`  ${row}`);
  }
}

/** The rows of one metric on the page. */
async function rowsOf(admin: string, metric: string): Promise<string[]> {
  return (await (await fetch(`${admin}/metrics`)).text()).split('\n').filter((line) => line.startsWith(metric));
}

/** Payments stops and comes back at the same address: the breaker opens, and closes by itself. */
async function showBreaker({ app, admin }: Record<string, string>, payments: Service): Promise<Service> {
  step('The payments service stops');
  const port = new URL(payments.urls.payments as string).port;
  await payments.stop();
  const order = async (): Promise<{ seen: Seen; ms: number }> => {
    const from = performance.now();
    return { seen: await placeOne(app as string), ms: Math.round(performance.now() - from) };
  };
  const first = await order();
  let orders = 1;
  for (; orders < 20 && !(await order()).seen.body.includes('sonde/breaker-open'); orders++);
  const refused = await order();
  if (!refused.seen.body.includes('sonde/breaker-open')) throw new Error('Cannot show the breaker: it did not open');
  say(`Each order is tried three times (${first.ms} ms):`);
  showAnswer(first.seen);
  say(`After ${orders} orders the breaker is open, and refuses at once (${refused.ms} ms):`);
  showAnswer(refused.seen);
  for (const row of (await rowsOf(admin as string, 'resilience4j_circuitbreaker_state')).filter((line) => line.endsWith(' 1'))) say(`  ${row}`);
  say('\nIt comes back, and orders with it:');
  const back = await startService('../payments.js', { PORT: port, SONDE_LOG_FORMAT: 'text' });
  for (let i = 0; i < 60; i++) {
    if ((await placeOne(app as string)).status === 201 && (await rowsOf(admin as string, STATE_CLOSED)).some((line) => line.endsWith(' 1'))) break;
    await sleep(200);
  }
  for (const row of await rowsOf(admin as string, 'resilience4j_circuitbreaker_transitions_total')) say(`  ${row}`);
  return back;
}

async function showHandles(admin: string): Promise<void> {
  step('GET /debug/handles: what the process holds open, and who opened it');
  const page = (await (await fetch(`${admin}/debug/handles?format=json`)).json()) as {
    handles: { kind: string; detail?: string; site?: string; close: string }[];
  };
  for (const { kind, detail = '', site = '-', close } of page.handles.slice(0, 8))
    say(`  ${kind.padEnd(10)} ${detail.padEnd(34)} opened at ${site.replace(`${process.cwd()}/`, '').padEnd(44)} closed by ${close}`);
  if (page.handles.length > 8) say(`  ... and ${page.handles.length - 8} more`);
}

async function main(): Promise<void> {
  step('Two services start: checkout, and payments behind it');
  let payments = await startService('../payments.js', { PORT: '0', SONDE_LOG_FORMAT: 'text' });
  const checkout = await startService('../checkout.js', {
    PORT: '0',
    ADMIN_PORT: '0',
    SONDE_LOG_FORMAT: 'text',
    PAYMENTS_URL: payments.urls.payments as string,
  });
  try {
    const app = checkout.urls.app as string;
    const admin = checkout.urls.admin as string;
    say(`checkout  ${app}   admin ${admin}\npayments  ${payments.urls.payments}\ntelemetry ${process.env.SONDE_DIR ?? '.sonde'}/ (no collector, no Docker)`);
    step('Three seconds of traffic');
    const answers = await drive(app, 3_000, progressBar);
    say(`  answered: ${[...answers].map(([status, n]) => `${n} × HTTP ${status}`).join(', ')}`);
    const [known, bug] = await showErrors(app);
    await showLevels(checkout);
    await showMetrics(admin);
    payments = await showBreaker(checkout.urls, payments);
    await showHandles(admin);
    step('Try next');
    say(
      `  npx sonde error ${bug.toLowerCase()}        the same, as a user would read it out\n  npx sonde errors                          what failed here, newest first`,
    );
    say(`  npx sonde logs --level warn               the log lines\n  npx sonde error ${known} --json   for programs`);
    say('  node examples/checkout/dist/checkout.js   the service itself (start payments.js first), then open http://127.0.0.1:9464/debug\n');
  } finally {
    await Promise.all([checkout.stop(), payments.stop()]);
  }
}

await main();
