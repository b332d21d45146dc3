import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import type { SignalLedger } from '../../src/core/records.ts';
import { countingReceiver, run, temporaryFolder } from './pipeline-rig.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function folder(): string {
  const made = temporaryFolder();
  cleanups.push(() => made.remove());
  return made.path;
}

/** Starts the program that makes 5,000 spans a second; its standard error is kept. */
async function steady(env: Record<string, string>) {
  const child = fork(fileURLToPath(new URL('./fixtures/pipeline/steady.mjs', import.meta.url)), {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    silent: true,
  });
  cleanups.push(() => child.kill('SIGKILL'));
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  await once(child, 'message');
  const ask = async (order: string): Promise<SignalLedger> => {
    child.send(order);
    return (await once(child, 'message'))[0] as SignalLedger;
  };
  /** Waits until the ledger says so, and answers with it. */
  const reach = async (isReached: (ledger: SignalLedger) => boolean): Promise<SignalLedger> => {
    for (;;) {
      const ledger = await ask('ledger');
      if (isReached(ledger)) return ledger;
      await pause(50);
    }
  };
  return { child, ask, reach, lines: () => stderr.split('\n').filter((line) => line !== '') };
}

const sum = (ledger: SignalLedger): number =>
  ledger.stored + ledger.sent + ledger.spooled + ledger.pending + Object.values(ledger.dropped).reduce((a, b) => a + b, 0);
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('a burst', () => {
  it('of 10,000 spans in one tick, then shutdown, arrives whole', async () => {
    const receiver = await countingReceiver();
    cleanups.push(() => receiver.close());
    const { stdout, stderr } = await run('burst.mjs', ['10000'], { PIPELINE_URL: receiver.url, PIPELINE_DIR: folder() });
    expect(JSON.parse(stdout)).toMatchObject({ flushed: 10_000, lost: 0, ledger: { produced: 10_000, sent: 10_000, pending: 0 } });
    expect(receiver.spanIds.size).toBe(10_000);
    expect(stderr).toBe('');
  });

  it('of 1,000,000 spans at full speed arrives, or is counted to the last, in bounded memory', async () => {
    const receiver = await countingReceiver();
    cleanups.push(() => receiver.close());
    const { stdout } = await run('burst.mjs', ['1000000'], { PIPELINE_URL: receiver.url, PIPELINE_DIR: folder() });
    const { ledger, peakMb } = JSON.parse(stdout);
    expect(ledger.produced).toBe(1_000_000);
    expect(sum(ledger)).toBe(1_000_000);
    expect(ledger.pending).toBe(0);
    expect(ledger.dropped).toMatchObject({ rejected: 0, expired: 0, spool_full: 0, too_large: 0 });
    expect(receiver.spanIds.size).toBe(ledger.sent);
    expect(ledger.sent + ledger.spooled).toBe(1_000_000 - ledger.dropped.queue_full);
    // The bound that docs/environment.md states. An idle Node with the worker is 70 MB; rows, requests and the worker's young heap are the rest.
    expect(peakMb).toBeLessThan(300);
  });
});

describe('a receiver that is away', () => {
  it('and comes back gets everything that was made meanwhile; two lines are said', async () => {
    const first = await countingReceiver();
    const dir = folder();
    const program = await steady({ PIPELINE_URL: first.url, PIPELINE_DIR: dir });
    await program.reach(({ sent }) => sent > 0);
    await first.close();
    await program.reach(({ spooled }) => spooled > 10_000); // two seconds
    const second = await countingReceiver(first.port);
    cleanups.push(() => second.close());
    while (program.lines().length < 2) await pause(100);
    await program.reach(({ spooled }) => spooled === 0);
    const ledger = await program.ask('end');
    expect(ledger).toMatchObject({ pending: 0, spooled: 0, sent: ledger.produced });
    expect(new Set([...first.spanIds, ...second.spanIds]).size).toBe(ledger.produced);
    expect(program.lines()).toEqual([
      expect.stringMatching(/cannot deliver to http.*records are kept in .*spool/),
      expect.stringContaining('takes records again'),
    ]);
  });

  it('for a minute gets everything too, with one line when it goes and one when it is back', async () => {
    const first = await countingReceiver();
    const program = await steady({ PIPELINE_URL: first.url, PIPELINE_DIR: folder() });
    await program.reach(({ sent }) => sent > 0);
    await first.close();
    await pause(60_000);
    const away = await program.ask('ledger');
    expect(away.spooled).toBeGreaterThan(away.produced / 2); // 300,000, less on a busy machine
    expect(program.lines()).toHaveLength(1); // a minute of failed attempts is one line
    const second = await countingReceiver(first.port);
    cleanups.push(() => second.close());
    // The pause between attempts has grown to half a minute.
    while (program.lines().length < 2) await pause(100);
    await program.reach(({ spooled }) => spooled === 0);
    const ledger = await program.ask('end');
    expect(ledger).toMatchObject({ pending: 0, spooled: 0, sent: ledger.produced });
    expect(new Set([...first.spanIds, ...second.spanIds]).size).toBe(ledger.produced);
    expect(program.lines()).toEqual([
      expect.stringMatching(/cannot deliver to http.*records are kept in .*spool/),
      expect.stringMatching(/takes records again; \d+ spooled requests follow/),
    ]);
  });

  it('for good leaves its records to the next process', async () => {
    const dir = folder();
    const receiver = await countingReceiver();
    await receiver.close();
    const first = await run('burst.mjs', ['5000'], { PIPELINE_URL: receiver.url, PIPELINE_DIR: dir });
    expect(JSON.parse(first.stdout)).toMatchObject({ flushed: 5_000, lost: 0, ledger: { spooled: 5_000 } });
    const back = await countingReceiver(receiver.port);
    cleanups.push(() => back.close());
    const second = await run('burst.mjs', ['10'], { PIPELINE_URL: receiver.url, PIPELINE_DIR: dir });
    expect(back.spanIds.size).toBe(5_010);
    expect(JSON.parse(second.stdout)).toMatchObject({ lost: 0, ledger: { produced: 5_010, sent: 5_010, spooled: 0, pending: 0 } });
  });

  it('and a process that is killed leave what was spooled to the next process', async () => {
    const dir = folder();
    const receiver = await countingReceiver();
    await receiver.close();
    const program = await steady({ PIPELINE_URL: receiver.url, PIPELINE_DIR: dir });
    const { spooled } = await program.reach((ledger) => ledger.spooled > 1_000);
    program.child.kill('SIGKILL');
    await once(program.child, 'exit');
    const back = await countingReceiver(receiver.port);
    cleanups.push(() => back.close());
    await run('burst.mjs', ['1'], { PIPELINE_URL: receiver.url, PIPELINE_DIR: dir });
    expect(back.spanIds.size).toBeGreaterThanOrEqual(spooled + 1);
  });

  it('fills the spool only up to its bound: the oldest are dropped and counted', async () => {
    const dir = folder();
    const receiver = await countingReceiver();
    await receiver.close();
    const program = await steady({ PIPELINE_URL: receiver.url, PIPELINE_DIR: dir, SPOOL_BYTES: '200000' });
    await program.reach(({ spooled, dropped }) => dropped.spool_full > 0 && spooled > 500);
    const ledger = await program.ask('end');
    expect(ledger.pending).toBe(0);
    expect(ledger.dropped.spool_full).toBeGreaterThan(0);
    expect(sum(ledger)).toBe(ledger.produced);
    expect(ledger.spooled).toBeGreaterThan(500);
    const back = await countingReceiver(receiver.port);
    cleanups.push(() => back.close());
    await run('burst.mjs', ['1'], { PIPELINE_URL: receiver.url, PIPELINE_DIR: dir });
    expect(back.spanIds.size).toBe(ledger.spooled + 1);
  });
});
