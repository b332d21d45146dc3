import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ignoreCurrent, ignoreOwner, ignorePackage, ignoreSite, ignoreType } from '../../../src/handles/ignore.ts';
import { installHandles } from '../../../src/handles/install.ts';
import { letGo } from '../../../src/handles/let-go.ts';
import { coveringGuard, findLeaks, LeakError, leakGuard, noLeaks, verifyNoLeaks } from '../../../src/handles/verdict.ts';
import { verifyMain } from '../../../src/handles/verify-main.ts';

const QUICK = { settle: '5ms' } as const;
const pause = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));
const leak = (): NodeJS.Timeout => setInterval(() => {}, 60_000);

let uninstall: () => void;
beforeAll(() => {
  uninstall = installHandles();
});
afterAll(() => uninstall());

describe('the behaviours of goleak', () => {
  // What the test runner holds open itself is no part of these cases.
  const find = (options = {}): Promise<readonly unknown[]> => findLeaks({ ...QUICK, ...options });

  it('Find: nothing, then what blocks, then nothing when it is released', async () => {
    const runner = ignoreCurrent();
    expect(await find({ ignore: runner })).toEqual([]);
    const timer = leak();
    const [found] = await findLeaks({ ...QUICK, ignore: runner });
    expect(found).toMatchObject({ type: 'interval', close: 'clearInterval(timer)' });
    expect(found?.site).toContain('verdict.test.ts');
    clearInterval(timer);
    expect(await find({ ignore: runner })).toEqual([]);
  });

  it('FindRetry: what ends within the settle time is no leak', async () => {
    const runner = ignoreCurrent();
    const timer = leak();
    expect(await find({ ignore: runner, settle: '1ms' })).toHaveLength(1);
    setTimeout(() => clearInterval(timer), 20);
    expect(await find({ ignore: runner, settle: '5s' })).toEqual([]);
  });

  it('VerifyNone: throws with what was found', async () => {
    const runner = ignoreCurrent();
    await verifyNoLeaks({ ...QUICK, ignore: runner });
    const timer = leak();
    await expect(verifyNoLeaks({ ...QUICK, ignore: runner })).rejects.toThrow(
      /1 handle was left open:\n  interval 60000ms, opened at test\/unit\/handles\/verdict\.test\.ts:\d+:\d+/,
    );
    clearInterval(timer);
  });

  it('IgnoreCurrent: what is open now is ignored, what is opened later is not', async () => {
    const before = leak();
    const ignore = ignoreCurrent();
    expect(await find({ ignore })).toEqual([]);
    const after = leak();
    expect(await find({ ignore })).toHaveLength(1);
    clearInterval(before);
    clearInterval(after);
  });

  it('IgnoreCurrent: no number is used twice, so that a new handle never hides behind an old one', async () => {
    const first = [1, 2, 3, 4, 5].map(leak);
    const ignore = ignoreCurrent();
    first.forEach(clearInterval);
    for (let i = 0; i < 5; i++) {
      const timer = leak();
      expect(await find({ ignore, settle: '1ms' })).toHaveLength(1);
      clearInterval(timer);
      await verifyNoLeaks({ ...QUICK, ignore });
    }
  });

  it.each([
    { name: 'a failed run keeps its code and is not looked at', code: 7, leaks: true, options: {}, exit: 7, says: false },
    { name: 'a failed run is looked at when that is wanted', code: 7, leaks: true, options: { evenOnFailure: true }, exit: 7, says: true },
    { name: 'a good run that leaks fails', code: 0, leaks: true, options: {}, exit: 1, says: true },
    { name: 'a good run that leaks nothing is good', code: 0, leaks: false, options: {}, exit: 0, says: false },
  ])('VerifyTestMain: $name', async ({ code, leaks, options, exit, says }) => {
    const ignore = ignoreCurrent();
    const timer = leaks ? leak() : undefined;
    const written: string[] = [];
    const write = process.stderr.write;
    process.stderr.write = ((text: string) => written.push(text) > 0) as typeof write;
    const former = process.exitCode;
    let told: number | undefined;
    try {
      expect(await verifyMain(() => code, { ...QUICK, ...options, ignore, onEnd: (ended) => void (told = ended) })).toBe(exit);
      expect([process.exitCode, told]).toEqual([exit, exit]);
    } finally {
      process.stderr.write = write;
      process.exitCode = former;
      clearInterval(timer);
    }
    expect(written.join('').includes('left open')).toBe(says);
  });
});

describe('noLeaks', () => {
  it('throws at the end of the block, with the line and the call that closes it', async () => {
    let timer: NodeJS.Timeout | undefined;
    const block = async (): Promise<void> => {
      await using _ = noLeaks({ ...QUICK, name: 'the block' });
      timer = leak();
    };
    await expect(block()).rejects.toThrow(/1 handle was left open by "the block":[^]*verdict\.test\.ts[^]*close it with clearInterval\(timer\)/);
    await expect(block().finally(() => clearInterval(timer))).rejects.toBeInstanceOf(LeakError);
  });

  it('is silent about what was open before and about what is closing', async () => {
    const before = leak();
    const block = async (): Promise<void> => {
      await using _ = noLeaks();
      const server = createServer().listen(0);
      await new Promise((resolve) => server.once('listening', resolve));
      server.close();
      setTimeout(() => {}, 5);
      clearInterval(before);
    };
    await expect(block()).resolves.toBeUndefined();
  });

  it('tells what was open before and closed during; only strict ones fail on it', async () => {
    const early = leak();
    const lax = leakGuard(QUICK);
    const strict = leakGuard({ ...QUICK, strict: true });
    clearInterval(early);
    const { closedDuring, leaked } = await lax.inspect();
    expect([closedDuring.map(({ type }) => type), leaked]).toEqual([['interval'], []]);
    await expect(strict.verify()).rejects.toThrow(/opened before and closed during[^]*interval 60000ms/);
  });

  it('tells blocks that run side by side apart', async () => {
    const timers: NodeJS.Timeout[] = [];
    const block = async (leaks: boolean, ms: number): Promise<string> => {
      const guard = noLeaks({ ...QUICK });
      await pause(ms);
      if (leaks) timers.push(leak());
      await pause(3);
      const { leaked } = await guard.inspect();
      return `${leaks ? 'leaks' : 'clean'}: ${leaked.length}`;
    };
    const told = await Promise.all([block(false, 1), block(true, 2), block(false, 4), block(true, 1), block(false, 8)]);
    timers.forEach(clearInterval);
    expect(told).toEqual(['clean: 0', 'leaks: 1', 'clean: 0', 'leaks: 1', 'clean: 0']);
  });

  it('never blames the next block, not even for what a leaked timer opens later', async () => {
    const opened: NodeJS.Timeout[] = [];
    const first = leakGuard(QUICK);
    const culprit = first.run(() => setInterval(() => opened.push(leak()), 1));
    expect((await first.inspect()).leaked.length).toBeGreaterThanOrEqual(1);
    const second = leakGuard(QUICK);
    await second.run(() => pause(10));
    const { leaked } = await second.inspect();
    clearInterval(culprit);
    opened.forEach(clearInterval);
    expect(opened.length).toBeGreaterThan(2);
    expect(leaked).toEqual([]);
  });

  it('gives what was opened outside of any block to the last one that ends', async () => {
    const one = leakGuard(QUICK);
    const two = leakGuard(QUICK);
    const timer = leak();
    expect((await one.inspect()).leaked).toEqual([]);
    expect((await two.inspect()).leaked).toHaveLength(1);
    clearInterval(timer);
  });

  it('is covered by a guard around a file: it tells what no test did, and nothing twice', async () => {
    const opened: NodeJS.Timeout[] = [];
    const file = coveringGuard(QUICK);
    const test = leakGuard(QUICK);
    let isOver = false;
    const culprit = test.run(() => {
      opened.push(leak());
      return setInterval(() => isOver && opened.length < 2 && opened.push(leak()), 5);
    });
    const told = (await test.inspect()).leaked.map(({ id }) => id);
    expect([told.length, culprit.hasRef()]).toEqual([2, true]);
    isOver = true;
    while (opened.length < 2) await pause(5);
    const { leaked } = await file.inspect();
    clearInterval(culprit);
    opened.forEach(clearInterval);
    expect(opened).toHaveLength(2);
    expect(leaked).toHaveLength(1);
    expect(told).not.toContain(leaked[0]?.id);
  });

  it('does not tell a leak again on the block around', async () => {
    const outer = leakGuard(QUICK);
    const inner = leakGuard(QUICK);
    const timer = inner.run(leak);
    expect((await inner.inspect()).leaked).toHaveLength(1);
    expect((await outer.inspect()).leaked).toEqual([]);
    clearInterval(timer);
  });

  it.each([
    ['a type', ignoreType('interval')],
    ['a line', ignoreSite(/verdict\.test\.ts:\d+/)],
    ['a file', ignoreSite('handles/verdict.test.ts')],
    ['several rules', [ignorePackage('pg'), ignoreType('interval', 'timeout')]],
  ] as const)('ignores %s', async (_name, ignore) => {
    const guard = leakGuard({ ...QUICK, ignore });
    const timer = leak();
    await expect(guard.verify()).resolves.toBeUndefined();
    clearInterval(timer);
  });

  it.each([
    ['another package', ignorePackage('pg', '@aws-sdk/*')],
    ['another type', ignoreType('server')],
    ['another line', ignoreSite('verdict.test.ts:1')],
    ['a part of a file name', ignoreSite('erdict.test.ts')],
    ['another owner', ignoreOwner('orders.place')],
  ])('does not ignore %s', async (_name, ignore) => {
    const guard = leakGuard({ ...QUICK, ignore });
    const timer = leak();
    await expect(guard.verify()).rejects.toThrow('1 handle was left open');
    clearInterval(timer);
  });

  it('refuses a rule that is none and a settle time without a unit', () => {
    expect(() => noLeaks({ ignore: ['pg'] as never })).toThrow('Cannot ignore "pg": is string, expected a rule');
    expect(() => noLeaks({ settle: '5' as never })).toThrow(RangeError);
  });
});

describe('short timers, which have no stack outside of a guard', () => {
  it('are not blamed where they were set before the guard, whether anybody had looked or not', async () => {
    const before = [1, 2, 3].map(() => setTimeout(() => {}, 999));
    const ignore = ignoreCurrent();
    const later = setTimeout(() => {}, 999);
    expect((await findLeaks({ settle: '1ms', ignore })).map(({ detail }) => detail)).toEqual(['999ms']);
    const guard = leakGuard(QUICK);
    expect((await guard.inspect()).leaked).toEqual([]);
    [...before, later].forEach(clearTimeout);
  });

  it('have their line under a guard, each of them, promised ones too', async () => {
    const stop = new AbortController();
    const guard = leakGuard(QUICK);
    const timers = Array.from({ length: 20 }, () => setTimeout(() => {}, 500));
    const promised = sleep(500, undefined, { signal: stop.signal });
    const { leaked } = await guard.inspect();
    timers.forEach(clearTimeout);
    stop.abort();
    await expect(promised).rejects.toThrow();
    expect([leaked.length, leaked.filter(({ site }) => site?.includes('verdict.test.ts')).length]).toEqual([21, 21]);
  });

  it('have it in a program that verifyMain runs, and hold it no longer', async () => {
    const ignore = ignoreCurrent();
    const written: string[] = [];
    const write = process.stderr.write;
    process.stderr.write = ((text: string) => written.push(text) > 0) as typeof write;
    const former = process.exitCode;
    let timer: NodeJS.Timeout | undefined;
    try {
      await verifyMain(
        () => {
          timer = setTimeout(() => {}, 800);
          return 0;
        },
        { ...QUICK, ignore },
      );
    } finally {
      process.stderr.write = write;
      process.exitCode = former;
      clearTimeout(timer);
    }
    expect(written.join('')).toMatch(/timeout 800ms, opened at test\/unit\/handles\/verdict\.test\.ts:\d+/);
    expect(timer?.hasRef()).toBe(false);
  });
});

describe('immediates', () => {
  it('are a leak where they schedule themselves again, and none where a burst of them is over', async () => {
    const burst = noLeaks({ settle: '2s' });
    let left = 3_000;
    await new Promise<void>((resolve) => {
      (function again(): void {
        if (left-- > 0) setImmediate(again);
        else resolve();
      })();
    });
    expect((await burst.inspect()).leaked).toEqual([]);

    const guard = noLeaks({ settle: '1s' });
    let goes = true;
    (function again(): void {
      if (goes) setImmediate(again);
    })();
    const { leaked } = await guard.inspect();
    goes = false;
    expect(leaked).toMatchObject([{ type: 'immediate', site: expect.stringContaining('verdict.test.ts') }]);
  });
});

describe('letGo', () => {
  it('lets go of a child with its pipes', async () => {
    const guard = noLeaks(QUICK);
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    const { leaked } = await guard.inspect();
    letGo(leaked);
    const held = [child.stdin, child.stdout, child.stderr].map((pipe) => (pipe as unknown as { _handle: { hasRef(): boolean } })._handle.hasRef());
    child.kill();
    expect(leaked).toMatchObject([{ type: 'child' }]);
    expect(held).toEqual([false, false, false]);
  });
});
