import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { LedgerReport } from '../../src/core/records.ts';
import { PATHS } from './lib/paths.ts';
import { eventually, PATIENCE_MS } from './lib/process.ts';
import { ROOT, type Stack, type StackOptions, startStack } from './lib/stack.ts';

let stack: Stack | undefined;
let undo: (() => void)[] = [];
afterEach(async () => {
  await stack?.stop();
  for (const step of undo.reverse()) step();
  undo = [];
});

/** A program that logs `lines` lines and makes as many spans, over `lines * pauseMs` milliseconds. */
function startLoad(
  otlpUrl: string,
  lines: number,
  pauseMs: number,
  bytes: number,
): { readonly made: Promise<void>; ledger(): Promise<LedgerReport>; readonly said: () => string } {
  const dir = mkdtempSync(join(tmpdir(), 'sonde-load-'));
  let said = '';
  const child: ChildProcess = spawn(process.execPath, [join(ROOT, 'test/stack/fixtures/load.mjs'), String(lines), String(pauseMs), String(bytes)], {
    env: { ...process.env, OTEL_EXPORTER_OTLP_ENDPOINT: otlpUrl, SONDE_DIR: dir },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  undo.push(() => {
    child.kill('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  });
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    said += chunk;
  });
  const made = once(child, 'message').then(() => undefined);
  return {
    made,
    said: () => said,
    async ledger() {
      await made;
      child.send('go');
      const [report] = await once(child, 'message');
      return report as LedgerReport;
    },
  };
}

/** Waits until the collector has refused: on a slow machine that is well after the last line was made. */
async function refused(load: { said(): string }): Promise<void> {
  await eventually('the line of the SDK that the collector refuses', PATIENCE_MS, async () => load.said().includes('HTTP 503') || undefined);
}

async function linesInLoki(url: string, filter = ''): Promise<number> {
  const query = `sum(count_over_time({service_name="load"}${filter}[1h]))`;
  const response = await fetch(`${url}/loki/api/v1/query?${new URLSearchParams({ query })}`);
  const { data } = (await response.json()) as { data: { result: { value: [number, string] }[] } };
  return Number(data.result[0]?.value[1] ?? 0);
}

/** The ledger adds up, everything was sent, and Loki holds every line once. */
async function expectAllArrived(running: Stack, ledger: LedgerReport, lines: number): Promise<void> {
  expect(ledger.log).toMatchObject({ produced: lines, sent: lines, spooled: 0, pending: 0 });
  expect(ledger.span).toMatchObject({ produced: lines, sent: lines, spooled: 0, pending: 0 });
  await eventually(`${lines} lines in Loki`, PATIENCE_MS, async () => ((await linesInLoki(running.lokiUrl)) >= lines ? true : undefined));
  expect(await linesInLoki(running.lokiUrl)).toBe(lines);
}

async function start(options: StackOptions = {}): Promise<Stack> {
  stack = await startStack(PATHS, options);
  return stack;
}

describe('ledger and stores agree in the end', () => {
  it('when the collector is killed for a minute under load', async () => {
    const running = await start();
    const load = startLoad(running.otlpUrl, 2_000, 40, 100);
    await sleep(5_000);
    await running.collector.stop('SIGKILL');
    await sleep(60_000);
    await running.collector.start();
    await expectAllArrived(running, await load.ledger(), 2_000);
    // One line when it goes, one when it is back.
    expect(load.said().split('\n').filter(Boolean)).toEqual([expect.stringContaining(running.otlpUrl), expect.stringContaining(running.otlpUrl)]);
  });

  it('when Loki is down: an alert tells it, and is resolved when it is back', async () => {
    const running = await start();
    const load = startLoad(running.otlpUrl, 1_000, 10, 100);
    await sleep(2_000);
    await running.loki.stop();
    const is = (status: string) =>
      running.notified.find((alert) => alert.status === status && alert.labels.alertname === 'BackendDown' && alert.labels.job === 'loki');
    const fired = await eventually('BackendDown at the webhook', PATIENCE_MS, async () => is('firing'));
    expect(fired.annotations.summary).toBe('loki does not answer');
    await running.loki.start();
    await eventually('its resolution', PATIENCE_MS, async () => is('resolved'));
    await expectAllArrived(running, await load.ledger(), 1_000);
  });

  it('when the collector’s queue is full: it refuses, the SDK keeps', async () => {
    const running = await start({ queueBytes: 1_048_576 });
    await running.loki.stop();
    const load = startLoad(running.otlpUrl, 3_000, 2, 2_000); // 6 MB into a queue of 1 MB
    await load.made;
    await refused(load);
    await running.loki.start();
    await expectAllArrived(running, await load.ledger(), 3_000);
  });

  // The collector (0.159) deletes an item whose dispatch it cannot note on a full disk, after it has acknowledged it. So the
  // bound of its queue has to come first; this shows that all goes on by itself, and that the difference can be seen.
  it('when the disk under the queue is full: nothing is lost before the collector, and all goes on by itself', async ({ skip }) => {
    const queue = mkdtempSync(join(tmpdir(), 'sonde-queue-'));
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', queue], { stdio: 'ignore' });
    } catch {
      skip('this machine does not let the tests mount a small folder');
    }
    undo.push(() => execFileSync('umount', [queue]));
    const running = await start({ queueDir: queue });
    await running.loki.stop();
    const load = startLoad(running.otlpUrl, 3_000, 2, 2_000);
    await load.made;
    await refused(load);
    await running.loki.start();
    const ledger = await load.ledger();
    expect(ledger.log).toMatchObject({ produced: 3_000, sent: 3_000, spooled: 0, pending: 0 });
    const before = await eventually('lines in Loki', PATIENCE_MS, async () => (await linesInLoki(running.lokiUrl)) || undefined);
    expect(before).toBeLessThanOrEqual(3_000);
    const after = startLoad(running.otlpUrl, 100, 1, 100);
    expect((await after.ledger()).log).toMatchObject({ produced: 100, sent: 100 });
    await eventually('the lines that came after it', PATIENCE_MS, async () =>
      (await linesInLoki(running.lokiUrl, ' | filling=~"x{100}" ')) >= 100 ? true : undefined,
    );
  });
});
