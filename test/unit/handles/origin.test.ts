import { EventEmitter, on } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ignorePackage } from '../../../src/handles/ignore.ts';
import { installHandles, sample } from '../../../src/handles/install.ts';
import { ITERATOR, Work } from '../../../src/handles/kinds.ts';
import { listHandles } from '../../../src/handles/list-handles.ts';
import { captureEverySite, captureSite, packageOf, refillSites, SITE_POLICY } from '../../../src/handles/origin.ts';
import { enter, registrySize, timerLog } from '../../../src/handles/registry.ts';
import { leakGuard } from '../../../src/handles/verdict.ts';

const folder = mkdtempSync(join(tmpdir(), 'sonde-origin-'));
const require = createRequire(join(folder, 'main.js'));

beforeAll(() => {
  const write = (path: string, text: string): void => {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  write('node_modules/leaky/index.js', 'exports.start = () => setInterval(() => {}, 60_000);');
  write('node_modules/@scope/outer/index.js', "exports.start = () => require('leaky').start();");
  write('node_modules/@scope/outer/node_modules/leaky/index.js', 'exports.start = () => setInterval(() => {}, 60_000);');
  write(
    'app.js',
    "exports.direct = () => require('leaky').start();\nexports.nested = () => require('@scope/outer').start();\nexports.own = () => setInterval(() => {}, 60_000);",
  );
});
afterAll(() => rmSync(folder, { recursive: true }));

let uninstall: (() => void) | undefined;
afterEach(() => {
  uninstall?.();
  uninstall = undefined;
  refillSites();
});

describe('the site of a handle', () => {
  it.each([
    { from: 'own' as const, line: 3, creator: 'app' },
    { from: 'direct' as const, line: 1, creator: 'leaky' },
    { from: 'nested' as const, line: 2, creator: 'leaky' },
  ])('is the first line of the program, the creator the package that called: $from', ({ from, line, creator }) => {
    uninstall = installHandles();
    const timer = (require('./app.js') as Record<string, () => NodeJS.Timeout>)[from]?.();
    const [info] = listHandles().filter(({ site }) => site?.includes('app.js'));
    clearInterval(timer);
    expect(info).toMatchObject({ package: creator, site: expect.stringMatching(new RegExp(`app\\.js:${line}:\\d+$`)) });
  });

  it("is the package's own line where no frame is the program's", () => {
    uninstall = installHandles();
    const timer = (require('leaky') as { start(): NodeJS.Timeout }).start.call(undefined);
    const mine = listHandles().find(({ package: creator }) => creator === 'leaky');
    clearInterval(timer);
    // This test itself is the program here.
    expect(mine?.site).toContain('origin.test.ts');
  });

  it('is told to whom it belongs, and can be ignored by the name of the package', async () => {
    uninstall = installHandles();
    const timers: (NodeJS.Timeout | undefined)[] = [];
    const leak = (): unknown => timers.push((require('./app.js') as Record<string, () => NodeJS.Timeout>)['direct']?.());
    const strict = leakGuard({ settle: '1ms' });
    strict.run(leak);
    await expect(strict.verify()).rejects.toThrow(/interval 60000ms, opened at \S+app\.js:1:\d+ by the package leaky,/);
    const lax = leakGuard({ settle: '1ms', ignore: ignorePackage('leaky') });
    lax.run(leak);
    await expect(lax.verify()).resolves.toBeUndefined();
    timers.forEach(clearInterval);
  });

  it('is the line of the source where the file names a map', () => {
    uninstall = installHandles();
    // One segment: line 1, column 0 of the file is line 10, column 1 of orders.ts.
    const map = Buffer.from(JSON.stringify({ version: 3, sources: ['orders.ts'], names: [], mappings: 'AASA' })).toString('base64');
    const path = join(folder, 'compiled.js');
    writeFileSync(path, `exports.poll = () => setInterval(() => {}, 60_000);\n//# sourceMappingURL=data:application/json;base64,${map}\n`);
    const timer = (require(path) as { poll(): NodeJS.Timeout }).poll();
    const sites = listHandles().map(({ site }) => site ?? '');
    clearInterval(timer);
    expect(sites).toContainEqual(expect.stringMatching(/orders\.ts:10:1$/));
  });

  it('is one object a place', () => {
    const place = (): unknown => captureSite(place as never);
    const sites = [1, 2, 3].map(() => place());
    expect(new Set(sites).size).toBe(1);
  });

  it('leaves Error as it was', () => {
    const { stackTraceLimit, prepareStackTrace } = Error;
    captureSite(() => {});
    expect([Error.stackTraceLimit, Error.prepareStackTrace]).toEqual([stackTraceLimit, prepareStackTrace]);
  });

  it('is left out where Error cannot be changed', () => {
    const limit = Object.getOwnPropertyDescriptor(Error, 'stackTraceLimit') as PropertyDescriptor;
    Object.defineProperty(Error, 'stackTraceLimit', { ...limit, writable: false });
    const place = (): unknown => captureSite(place as never);
    try {
      expect(place()).toMatchObject({ package: 'node' });
    } finally {
      Object.defineProperty(Error, 'stackTraceLimit', limit);
    }
  });

  it.each([
    ['/srv/app/src/a.js', 'app'],
    ['/srv/app/node_modules/pg/lib/a.js', 'pg'],
    ['/srv/app/node_modules/@aws-sdk/client/dist/a.js', '@aws-sdk/client'],
    ['/srv/app/node_modules/.pnpm/pg@8.0.0/node_modules/pg/lib/a.js', 'pg'],
    ['/srv/app/node_modules/a/node_modules/b/c.js', 'b'],
    ['C:\\app\\node_modules\\@a\\b\\c.js', '@a/b'],
    ['/srv/node_modules_of_mine/a.js', 'app'],
  ])('of %s belongs to %s', (file, creator) => {
    expect(packageOf(file)).toBe(creator);
  });
});

describe('the policy of stacks', () => {
  const open = (count: number, ms: number): NodeJS.Timeout[] => Array.from({ length: count }, () => setTimeout(() => {}, ms));
  const withSite = (ms: number): number => listHandles().filter(({ detail, site }) => detail === `${ms}ms` && site !== undefined).length;

  it('captures one short timer in 256, and each long one', () => {
    uninstall = installHandles();
    const timers = [...open(2_560, 999), ...open(100, 1_000)];
    expect([withSite(999), withSite(1_000)]).toEqual([10, 100]);
    timers.forEach(clearTimeout);
  });

  it('samples the long ones too when the budget is spent, and captures again after a refill', () => {
    uninstall = installHandles();
    const timers = open(SITE_POLICY.budget + 2_560, 2_000);
    expect(withSite(2_000)).toBe(SITE_POLICY.budget + 10);
    refillSites();
    timers.push(...open(10, 3_000));
    expect(withSite(3_000)).toBe(10);
    timers.forEach(clearTimeout);
  });

  it('captures every one while a leak guard wants it', () => {
    uninstall = installHandles();
    const release = captureEverySite();
    const timers = open(50, 500);
    release();
    release();
    const later = open(50, 501);
    expect(withSite(500)).toBe(50);
    expect(withSite(501)).toBeLessThan(2);
    [...timers, ...later].forEach(clearTimeout);
  });
});

describe('the memory of the registry', () => {
  it('holds few dead timers, whatever number was started', () => {
    uninstall = installHandles();
    for (let i = 0; i < 100_000; i++) clearTimeout(setTimeout(() => {}, 10));
    expect(timerLog().size).toBeLessThanOrEqual(1_024);
    expect(timerLog().open().length).toBeLessThan(50);
  });

  it('is bounded: what is over is counted, and it takes up again when there is room', () => {
    uninstall = installHandles();
    const before = registrySize();
    const works = Array.from({ length: 100_000 - before.entries }, () => new Work());
    for (const work of works) enter(ITERATOR, work, undefined);
    expect(enter(ITERATOR, new Work(), undefined)).toBeUndefined();
    expect(registrySize()).toMatchObject({ entries: 100_000, refused: before.refused + 1 });
    for (const work of works) work.done = true;
    sample();
    expect(enter(ITERATOR, new Work(), undefined)).toBeDefined();
    expect(registrySize().entries).toBeLessThan(100);
  });

  it('lets go of what nobody else holds', async () => {
    uninstall = installHandles();
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const before = registrySize().entries;
    for (let i = 0; i < 500; i++) on(new EventEmitter(), 'data');
    expect(registrySize().entries).toBe(before + 500);
    for (let turn = 0; turn < 50 && registrySize().entries > before; turn++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      collect();
    }
    expect(registrySize().entries).toBe(before);
  });
});
