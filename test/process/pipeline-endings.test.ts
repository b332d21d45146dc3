import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { countingReceiver, type Ending, run, temporaryFolder } from './pipeline-rig.ts';

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

const end = (way: string, env: Record<string, string> = {}, signal?: NodeJS.Signals): Promise<Ending> =>
  run('ending.mjs', [way], { PIPELINE_URL: receiver.url, PIPELINE_DIR: folder.path, ...env }, (line, kill) => {
    if (signal && line === 'ready') kill(signal);
  });

describe('a program that ends', () => {
  it.each([
    ['by itself', 'end', undefined],
    ['with process.exit(0) in the middle of work', 'exit0', undefined],
    ['with process.exit(7) at once', 'exit7', undefined],
    ['with an exit code', 'exitCode', undefined],
    ['with an uncaught exception', 'uncaught', undefined],
    ['with an unhandled rejection', 'rejection', undefined],
    ['with process.exit(6) while its shutdown is under way', 'shutdownExit', undefined],
    ['by SIGTERM while its shutdown is under way', 'shutdownSignal', 'SIGTERM'],
    ['by SIGTERM', 'signal', 'SIGTERM'],
    ['by SIGINT', 'signal', 'SIGINT'],
    ['by SIGHUP', 'signal', 'SIGHUP'],
    ['by SIGQUIT', 'signal', 'SIGQUIT'],
    ['by SIGUSR2', 'signal', 'SIGUSR2'],
    ['by its own handler of SIGTERM', 'handled', 'SIGTERM'],
    ['by a library that handles SIGTERM where it is alone', 'library', 'SIGTERM'],
  ] as const)('%s loses nothing, and ends as it would without us', async (_, way, signal) => {
    const ending = await end(way, {}, signal);
    expect([receiver.spanIds.size, receiver.lines.size]).toEqual([100, 10]);
    // Where the program handles the signal itself, a request that is not waited for may come twice.
    if (way !== 'handled' && way !== 'library') expect(receiver.counts).toMatchObject({ span: 100, log: 10 });
    const bare = await end(way, { PIPELINE: 'off' }, signal);
    expect({ code: ending.code, signal: ending.signal, stderr: ending.stderr }).toEqual({ code: bare.code, signal: bare.signal, stderr: bare.stderr });
    if (ending.signal === null) {
      const ledger = JSON.parse(ending.stdout.trim().split('\n').at(-1) ?? '');
      expect(ledger.span).toMatchObject({ produced: 100, sent: 100, pending: 0 });
      expect(ledger.log).toMatchObject({ produced: 10, sent: 10, pending: 0 });
    }
  });

  it('with a receiver that is away and a spool that cannot be written counts what it loses, and says so', async () => {
    const dir = temporaryFolder();
    writeFileSync(join(dir.path, 'spool'), 'a file where the folder should be');
    const ending = await run('ending.mjs', ['end'], { PIPELINE_URL: 'http://127.0.0.1:1', PIPELINE_DIR: dir.path });
    dir.remove();
    const ledger = JSON.parse(ending.stdout.trim().split('\n').at(-1) ?? '');
    expect(ledger.span).toMatchObject({ produced: 100, pending: 0, dropped: { expired: 100 } });
    expect(ending.stderr.trim().split('\n')).toEqual([
      expect.stringMatching(/^sonde: cannot deliver to http:\/\/127\.0\.0\.1:1: .* kept in memory, because the spool cannot be written/),
      expect.stringMatching(/^sonde: telemetry ended before 110 records were delivered or spooled; they are counted as expired/),
    ]);
  });

  it('and makes a record in its last listener is told that this one is lost', async () => {
    const ending = await end('late');
    expect(receiver.counts).toMatchObject({ span: 100, log: 10 });
    const ledger = JSON.parse(ending.stdout.trim().split('\n').at(-1) ?? '');
    expect(ledger.span).toMatchObject({ produced: 101, sent: 100, dropped: { expired: 1 } });
    expect(ending.stderr).toBe(
      'sonde: a span record was made after telemetry ended (after shutdown(), or in an exit listener); such records are counted as expired\n',
    );
  });

  it('is not loaded into its own worker by --import', async () => {
    const ending = await run('ending.mjs', ['end'], {
      PIPELINE_URL: receiver.url,
      PIPELINE_DIR: folder.path,
      NODE_OPTIONS: `--import ${new URL('./fixtures/pipeline/imported.mjs', import.meta.url).href}`,
    });
    expect(ending.stdout.match(/imported/g)).toHaveLength(1);
    expect(receiver.counts.span).toBe(100);
  });
});
