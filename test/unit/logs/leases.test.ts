import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bind } from '../../../src/core/bind.ts';
import { systemClock, useClock } from '../../../src/core/clock.ts';
import { useDiagWriter } from '../../../src/core/diag.ts';
import { routeWanted } from '../../../src/core/route-interest.ts';
import { runInScope, Scope, type SpanLike } from '../../../src/core/scope.ts';
import { configureLogs, type LogOptions, type Logs } from '../../../src/logs/configure.ts';
import { clearLevel, getLevel, listLoggers, setLevel } from '../../../src/logs/levels.ts';
import { logger } from '../../../src/logs/logger.ts';

let lines: string[] = [];
let logs: Logs | undefined;
let now = 1_700_000_000_000;
let mono = 0;
let timers: { fn: () => void; at: number }[] = [];
let restore: (() => void)[] = [];

beforeEach(() => {
  timers = [];
  restore = [
    useClock({
      ...systemClock,
      now: () => now,
      mono: () => mono,
      setTimeout(fn, ms) {
        timers.push({ fn, at: mono + ms });
        return timers.length;
      },
      clearTimeout(handle) {
        timers[(handle as number) - 1] = { fn: () => {}, at: Number.POSITIVE_INFINITY };
      },
    }),
  ];
});
afterEach(() => {
  pass(90_000_000); // every lease has ended
  logs?.close();
  for (const undo of restore) undo();
});

function pass(ms: number): void {
  now += ms;
  mono += ms;
  for (const timer of timers.splice(0)) {
    if (timer.at <= mono) timer.fn();
    else timers.push(timer);
  }
}

function configure(options: LogOptions = {}): void {
  logs?.close();
  lines = [];
  logs = configureLogs({ format: 'json', ...options, destination: { write: (line) => lines.push(line) } });
}
const messages = (): unknown[] =>
  lines
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter((l) => l['logger'] !== 'sonde.levels')
    .map((l) => l['message']);

function inTrace<T>(traceId: string, fn: () => T): T {
  const scope = new Scope();
  scope.span = { spanContext: () => ({ traceId, spanId: 'b7ad6b7169203331', traceFlags: 0 }) } as unknown as SpanLike;
  return runInScope(scope, fn);
}
/** As our own engine's spans: the ID is there as numbers too. */
function inNativeTrace<T>(traceId: string, fn: () => T): T {
  const word = (at: number): number => Number.parseInt(traceId.slice(at, at + 8), 16) | 0;
  const scope = new Scope();
  scope.span = {
    trace: { t0: word(0), t1: word(8), t2: word(16), t3: word(24) },
    spanContext: () => ({ traceId, spanId: 'b7ad6b7169203331', traceFlags: 0 }),
  } as unknown as SpanLike;
  return runInScope(scope, fn);
}

const A = 'f0f7651916cd43dd8448eb211c80319c';
const B = 'f0f7651916cd43dd8448eb211c80319d';

describe('a lease for some contexts', () => {
  it('reaches one trace and no other, with either engine', () => {
    configure();
    const child = logger('scoped.db').child({ a: 1 });
    setLevel('scoped', 'debug', { ttlMs: 60_000, scope: { trace: A } });
    for (const run of [inTrace, inNativeTrace]) {
      run(A, () => child.debug('in A'));
      run(A, () => expect([child.isLevelEnabled('debug'), child.isLevelEnabled('trace')]).toEqual([true, false]));
      run(B, () => child.debug('in B'));
      run(A, () => child.trace('too low'));
      run(B, () => child.info('info as ever'));
    }
    child.debug('outside');
    expect(messages()).toEqual(['in A', 'info as ever', 'in A', 'info as ever']);
    pass(60_000);
    inTrace(A, () => child.debug('after the lease'));
    expect(messages()).toHaveLength(4);
  });

  it('reaches a route or a user by the bound values, and asks adapters for routes only then', () => {
    configure();
    const log = logger('scoped2');
    expect(routeWanted).toBe(false);
    setLevel('', 'debug', { ttlMs: 60_000, scope: { route: '/orders/:id' } });
    setLevel('scoped2', 'trace', { ttlMs: 60_000, scope: { user: 'ada' } });
    expect(routeWanted).toBe(true);
    bind({ 'http.route': '/orders/:id' }, () => log.debug('route'));
    bind({ 'http.route': '/orders' }, () => log.debug('other route'));
    bind({ 'http.route': '/orders/:id', 'user.id': 'ada' }, () => log.trace('user: the nearer name wins'));
    bind({ 'enduser.id': 'ada' }, () => log.trace('old name of the user'));
    bind({ 'user.id': 'bob' }, () => log.debug('other user'));
    expect(messages()).toEqual(['route', 'user: the nearer name wins', 'old name of the user']);
    clearLevel('', { scope: { route: '/orders/:id' } });
    expect(routeWanted).toBe(false);
    bind({ 'http.route': '/orders/:id' }, () => log.debug('cleared'));
    expect(messages()).toHaveLength(3);
  });

  it('may silence, is listed, audited and replaced by one for the same contexts', () => {
    configure();
    setLevel('noisy', 'off', { ttlMs: 60_000, scope: { user: 'bot' }, actor: 'ada' });
    setLevel('noisy', 'error', { ttlMs: 60_000, scope: { user: 'bot' }, actor: 'ada', reason: 'spam' });
    bind({ 'user.id': 'bot' }, () => logger('noisy').warn('hidden'));
    bind({ 'user.id': 'bot' }, () => logger('noisy').error('seen'));
    logger('noisy').warn('others too');
    expect(messages()).toEqual(['seen', 'others too']);
    expect(listLoggers().leases.length).toBe(1);
    expect(listLoggers().leases).toEqual([
      { logger: 'noisy', level: 'error', expiresAtMs: now + 60_000, scope: { user: 'bot' }, reason: 'spam', actor: 'ada' },
    ]);
    expect(getLevel('noisy')).toMatchObject({ level: 'info', expiresAtMs: undefined });
    expect(JSON.parse(lines[1] as string)).toMatchObject({
      'log.level.scope': 'user bot',
      message: 'level of noisy for user bot is error, was info for 1m: spam',
    });
  });

  it('are bounded in number: the oldest ends', () => {
    configure();
    for (let i = 0; i < 40; i++) setLevel('many', 'debug', { ttlMs: 60_000, scope: { user: `u${i}` } });
    expect(listLoggers().leases.length).toBe(32);
    bind({ 'user.id': 'u0' }, () => logger('many').debug('ended'));
    bind({ 'user.id': 'u39' }, () => logger('many').debug('runs'));
    expect(messages()).toEqual(['runs']);
  });

  it('ends on time though the loop is busy and its timer has not come', () => {
    configure();
    setLevel('busy', 'debug', { ttlMs: 1_000, scope: { user: 'ada' } });
    mono += 1_000;
    bind({ 'user.id': 'ada' }, () => logger('busy').debug('hidden'));
    expect(messages()).toEqual([]);
    expect(listLoggers().leases.length).toBe(0);
  });
});

describe('what is asked for', () => {
  it('finds a user by a number that was bound', () => {
    configure();
    setLevel('numbered', 'debug', { ttlMs: 1_000, scope: { user: '7' } });
    bind({ 'user.id': 7 }, () => logger('numbered').debug('of 7'));
    bind({ 'user.id': 77 }, () => logger('numbered').debug('of 77'));
    expect(messages()).toEqual(['of 7']);
  });

  it.each([
    [{}, 'names no trace, route or user'],
    [{ user: '' }, 'the user of its scope is ""'],
    [{ route: 5 }, 'the route of its scope is 5'],
    [{ trace: 'zz' }, '32 hexadecimal digits'],
  ])('refuses a scope that matches nothing or everything: %j', (scope, message) => {
    expect(() => setLevel('asked', 'debug', { scope: scope as never })).toThrow(message);
    expect(() => setLevel(5 as never, 'debug')).toThrow(TypeError);
    expect(listLoggers().leases).toEqual([]);
  });

  it('tells the time for which a lease holds, not the one that was asked for', () => {
    configure();
    setLevel('asked', 'debug', { ttlMs: 1e12 });
    const [line] = lines.map((text) => JSON.parse(text) as Record<string, unknown>);
    expect(line).toMatchObject({ 'log.level.ttl_ms': 86_400_000, message: 'level of asked is debug, was info for 1d' });
  });

  it('looks at a level without making a logger of its name', () => {
    setLevel('looked', 'warn');
    expect(getLevel('looked.at').level).toBe('warn');
    expect(listLoggers().loggers.map(({ name }) => name)).not.toContain('looked.at');
    clearLevel('looked');
  });
});

describe('leases in a file', () => {
  let dir = '';
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'sonde-'));
    restore.push(() => rmSync(dir, { recursive: true }));
  });

  it('go on after a restart until their time; permanent levels do not', () => {
    const leaseFile = join(dir, 'deep', 'levels.json');
    configure({ leaseFile });
    setLevel('kept', 'debug', { ttlMs: 60_000, reason: 'slow', actor: 'ada' });
    setLevel('kept', 'trace', { ttlMs: 30_000, scope: { trace: A } });
    setLevel('permanent', 'debug');
    const file = readFileSync(leaseFile, 'utf8');
    logs?.close();
    clearLevel('kept');
    clearLevel('kept', { scope: { trace: A } });
    clearLevel('permanent');
    expect(listLoggers().leases.length).toBe(0);
    writeFileSync(leaseFile, file); // as the process that ended left it
    pass(10_000);
    configure({ leaseFile });
    expect(getLevel('kept')).toMatchObject({ level: 'debug', revertsTo: 'info', expiresAtMs: now + 50_000, reason: 'slow', actor: 'ada' });
    expect(getLevel('permanent').level).toBe('info');
    inTrace(A, () => logger('kept').trace('seen'));
    expect(messages()).toEqual(['seen']);
    pass(50_000);
    expect(getLevel('kept').level).toBe('info');
    expect(() => readFileSync(leaseFile)).toThrow('ENOENT');
  });

  it.each([
    ['no json'],
    ['{"leases":[{"logger":"x","level":"debug","expiresAtMs":9e15,"scope":{"trace":"zz"}}]}'],
    ['{"leases":[{"logger":1},{"logger":"x","level":"loud","expiresAtMs":9e15},null]}'],
    [`{"leases":"${'x'.repeat(70_000)}"}`],
  ])('a damaged one is said and passed over: %#', (text) => {
    const leaseFile = join(dir, 'levels.json');
    writeFileSync(leaseFile, text);
    restore.push(useDiagWriter(() => {}));
    configure({ leaseFile });
    expect(listLoggers().leases.length).toBe(0);
    logger('x').info('runs on');
    expect(messages()).toEqual(['runs on']);
  });
});
