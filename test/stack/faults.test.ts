import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { LedgerReport } from '../../src/core/records.ts';
import { PATHS } from './lib/paths.ts';
import { eventually } from './lib/process.ts';
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

async function linesInLoki(url: string): Promise<number> {
  const query = 'sum(count_over_time({service_name="load"}[1h]))';
  const response = await fetch(`${url}/loki/api/v1/query?${new URLSearchParams({ query })}`);
  const { data } = (await response.json()) as { data: { result: { value: [number, string] }[] } };
  return Number(data.result[0]?.value[1] ?? 0);
}

/** The ledger adds up, everything was sent, and Loki holds every line once. */
async function expectAllArrived(running: Stack, ledger: LedgerReport, lines: number): Promise<void> {
  expect(ledger.log).toMatchObject({ produced: lines, sent: lines, spooled: 0, pending: 0 });
  expect(ledger.span).toMatchObject({ produced: lines, sent: lines, spooled: 0, pending: 0 });
  await eventually(`${lines} lines in Loki`, 240_000, async () => ((await linesInLoki(running.lokiUrl)) >= lines ? true : undefined));
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
  }, 600_000);

  it('when Loki is down: an alert tells it, and is resolved when it is back', async () => {
    const running = await start();
    const load = startLoad(running.otlpUrl, 1_000, 10, 100);
    await sleep(2_000);
    await running.loki.stop();
    const is = (status: string) =>
      running.notified.find((alert) => alert.status === status && alert.labels.alertname === 'BackendDown' && alert.labels.job === 'loki');
    const fired = await eventually('BackendDown at the webhook', 240_000, async () => is('firing'));
    expect(fired.annotations.summary).toBe('loki does not answer');
    await running.loki.start();
    await eventually('its resolution', 240_000, async () => is('resolved'));
    await expectAllArrived(running, await load.ledger(), 1_000);
  }, 900_000);

  it('when the folder of the collector’s queue is full', async ({ skip }) => {
    const queue = mkdtempSync(join(tmpdir(), 'sonde-queue-'));
    mkdirSync(queue, { recursive: true });
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', queue], { stdio: 'ignore' });
    } catch {
      skip('this machine does not let the tests mount a small folder');
    }
    undo.push(() => execFileSync('umount', [queue]));
    const running = await start({ queueDir: queue });
    await running.loki.stop();
    const load = startLoad(running.otlpUrl, 3_000, 2, 2_000); // 6 MB into a queue of 1 MB
    await load.made;
    await running.loki.start();
    await expectAllArrived(running, await load.ledger(), 3_000);
  }, 600_000);
});
