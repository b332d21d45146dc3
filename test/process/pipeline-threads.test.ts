import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { countingReceiver, run, temporaryFolder } from './pipeline-rig.ts';

let receiver: Awaited<ReturnType<typeof countingReceiver>>;
const folder = temporaryFolder();
beforeAll(async () => {
  receiver = await countingReceiver();
});
afterEach(() => receiver.reset());
afterAll(async () => {
  await receiver.close();
  folder.remove();
});

describe('the telemetry worker', () => {
  it('that dies is replaced, and nothing is lost; one line says so', async () => {
    const { stdout, stderr, code } = await run('worker-dies.mjs', [], { PIPELINE_URL: receiver.url, PIPELINE_DIR: folder.path });
    const { lost, workers, ledger } = JSON.parse(stdout);
    expect({ code, lost }).toEqual({ code: 0, lost: 0 });
    expect(workers).toBeGreaterThan(3);
    expect(ledger.span).toMatchObject({ produced: 15_000, sent: 15_000, pending: 0 });
    expect(ledger.log).toMatchObject({ produced: 500, sent: 500, pending: 0 });
    expect(receiver.spanIds.size).toBe(15_000);
    expect(stderr.trim().split('\n')).toEqual([expect.stringMatching(/^sonde: the telemetry worker ended \(exit code [01]\); a new one takes over/)]);
  });

  it.each([
    ['process.exit', 'exit', 3],
    ['shutdown', 'shutdown', 0],
  ])('that dies at the moment of %s is replaced before the end', async (_, way, expected) => {
    const { stdout, code } = await run('worker-dies-late.mjs', [way], { PIPELINE_URL: receiver.url, PIPELINE_DIR: folder.path });
    expect(code).toBe(expected);
    expect(JSON.parse(stdout)).toMatchObject({ produced: 10_000, sent: 10_000, pending: 0 });
    expect(receiver.spanIds.size).toBe(10_000);
  });

  it('that dies leaves nothing out of the store either', async () => {
    const { stdout } = await run('worker-dies.mjs', [], { PIPELINE_DIR: folder.path });
    const { lost, ledger } = JSON.parse(stdout);
    expect(lost).toBe(0);
    expect(ledger.span).toMatchObject({ produced: 15_000, stored: 15_000, pending: 0 });
    expect(ledger.log).toMatchObject({ produced: 500, stored: 500, pending: 0 });
  });

  it('is one for each thread, cluster worker and child process', async () => {
    const { code, stderr } = await run('family.mjs', [], { PIPELINE_URL: receiver.url, PIPELINE_DIR: folder.path });
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(receiver.counts.span).toBe(700);
  });
});
