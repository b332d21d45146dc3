import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock, useClock } from '../../../src/core/clock.ts';
import { type ErrorReported, errorReported } from '../../../src/core/events.ts';
import { runInScope, Scope, type SpanLike } from '../../../src/core/scope.ts';
import { configureLogs, type LogOptions, type Logs } from '../../../src/logs/configure.ts';
import { clearLevel, setLevel } from '../../../src/logs/levels.ts';
import { lineCounts } from '../../../src/logs/line.ts';
import { logger } from '../../../src/logs/logger.ts';
import { retroCounts } from '../../../src/logs/retro.ts';
import { rateLimiter, sampler } from '../../../src/logs/sampling.ts';

let lines: string[] = [];
let logs: Logs | undefined;
let mono = 0;
let now = 1_700_000_000_000;
let restore = (): void => {};
beforeEach(() => {
  restore = useClock({ ...systemClock, mono: () => mono, now: () => now });
});
afterEach(() => {
  logs?.close();
  restore();
});
function configure(options: LogOptions): void {
  lines = [];
  logs = configureLogs({ format: 'json', ...options, destination: { write: (line) => lines.push(line) } });
}
const parsed = (): Record<string, unknown>[] => lines.map((line) => JSON.parse(line) as Record<string, unknown>);
const messages = (): unknown[] => parsed().map((line) => line['message']);

describe('sampling', () => {
  it('lets the first lines of a kind through in each tick, then every so-many-th, and counts the rest', () => {
    let dropped = 0;
    const before = lineCounts.sampled;
    configure({ sampling: { tickMs: 1_000, first: 2, thereafter: 3 }, onSampled: () => dropped++ });
    const log = logger('sampled');
    for (let i = 1; i <= 9; i++) log.info({ i }, 'same %d', i);
    expect(parsed().map((line) => line['i'])).toEqual([1, 2, 5, 8]);
    log.warn({ i: 10 }, 'same %d', 10); // another level is another kind
    log.info({ i: 11 }, 'other');
    expect(
      parsed()
        .map((line) => line['i'])
        .slice(4),
    ).toEqual([10, 11]);
    mono += 1_000;
    log.info({ i: 12 }, 'same %d', 12);
    expect(parsed().at(-1)).toMatchObject({ i: 12 });
    expect([dropped, lineCounts.sampled - before]).toEqual([5, 5]);
  });

  it('goes on for the lines of after the end', () => {
    const dir = mkdtempSync(join(tmpdir(), 'sonde-late-'));
    const fd = openSync(join(dir, 'out'), 'w');
    configureLogs({ format: 'json', destination: fd, sampling: { first: 1, thereafter: 0 } }).close();
    for (const text of ['one', 'one', 'two']) logger('late').info(text);
    configure({}); // writes first what waits
    const said = readFileSync(join(dir, 'out'), 'utf8').trim().split('\n');
    closeSync(fd);
    rmSync(dir, { recursive: true });
    expect(said.map((line) => (JSON.parse(line) as { message: string }).message)).toEqual(['one', 'two']);
  });

  it('tells lines without a message of their own by the error or the message in them', () => {
    configure({ sampling: { first: 1, thereafter: 0 } });
    const log = logger('sampled');
    for (const text of ['a', 'b', 'a']) log.error(new Error(text));
    for (const text of ['c', 'd', 'c']) log.error({ err: new Error(text) });
    for (const message of ['e', 'f', 'e']) log.error({ message });
    expect(messages()).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
    log.error(
      Object.defineProperty({}, 'message', {
        get: () => {
          throw new Error('unreadable');
        },
      }),
    );
    expect(lines).toHaveLength(7);
  });

  it('with thereafter 0 lets none through after the first', () => {
    const gate = sampler({ first: 1, thereafter: 0 });
    expect([gate('info', 'a'), gate('info', 'a'), gate('info', 'a')]).toEqual([true, false, false]);
  });

  it('writes the audit of a level whatever is sampled', () => {
    configure({ sampling: { first: 0, thereafter: 0 }, rateLimit: { perSecond: 0.001, burst: 1 } });
    setLevel('gates', 'debug');
    clearLevel('gates');
    expect(lines).toHaveLength(2);
  });

  it.each([
    [() => sampler({ tickMs: 0 }), 'tickMs is 0'],
    [() => sampler({ first: -1 }), 'first is -1'],
    [() => sampler({ thereafter: 1.5 }), 'thereafter is 1.5'],
    [() => rateLimiter({ perSecond: 0 }), 'perSecond is 0'],
    [() => rateLimiter({ perSecond: 1, burst: 0 }), 'burst is 0'],
  ])('refuses a wrong option where it is written: %#', (make, message) => {
    expect(make).toThrow(message);
  });
});

describe('a rate limit', () => {
  it('is a token bucket', () => {
    configure({ rateLimit: { perSecond: 2, burst: 3 } });
    const log = logger('limited');
    for (let i = 0; i < 5; i++) log.info(`a${i}`);
    expect(messages()).toEqual(['a0', 'a1', 'a2']);
    mono += 499;
    log.info('too soon');
    mono += 1;
    log.info('b');
    mono += 60_000;
    for (let i = 0; i < 5; i++) log.info(`c${i}`);
    expect(messages()).toEqual(['a0', 'a1', 'a2', 'b', 'c0', 'c1', 'c2']);
  });
});

describe('retroactive debug', () => {
  const trace = (id: string): Scope => {
    const scope = new Scope();
    scope.span = { spanContext: () => ({ traceId: id.repeat(32), spanId: 'b7ad6b7169203331', traceFlags: 1 }) } as unknown as SpanLike;
    return scope;
  };
  const reported = (scope: Scope, severity: number): void => errorReported.publish({ severity, scope } as ErrorReported);

  it('writes the lines of a trace that fails, with their own times, before the line that says so', () => {
    configure({ retro: true });
    const log = logger('retro').child({ a: 1 });
    const [failing, fine] = [trace('a'), trace('b')];
    runInScope(failing, () => log.debug({ step: 1 }, 'first %s', 'x'));
    now += 5;
    runInScope(fine, () => log.debug('of another trace'));
    runInScope(failing, () => log.trace('below what is held'));
    log.debug('of no trace');
    expect(lines).toEqual([]);
    runInScope(failing, () => log.error('it failed'));
    expect(parsed().map((line) => [line['message'], line['timestamp'], line['retroactive']])).toEqual([
      ['first x', '2023-11-14T22:13:20.000Z', true],
      ['it failed', '2023-11-14T22:13:20.005Z', undefined],
    ]);
    runInScope(failing, () => log.error('again'));
    expect(lines).toHaveLength(3);
    expect(parsed()[0]).toEqual({
      level: 'debug',
      timestamp: '2023-11-14T22:13:20.000Z',
      logger: 'retro',
      trace_id: 'a'.repeat(32),
      span_id: 'b7ad6b7169203331',
      trace_flags: 1,
      retroactive: true,
      a: 1,
      step: 1,
      message: 'first x',
    });
  });

  it('writes them when an error is reported, and not for a known edge case', () => {
    configure({ retro: { level: 'trace' } });
    const scope = trace('c');
    runInScope(scope, () => logger('retro2').trace('held'));
    reported(scope, 13);
    expect(lines).toEqual([]);
    reported(scope, 17);
    expect(messages()).toEqual(['held']);
  });

  it('is bounded in lines, traces and bytes', () => {
    configure({ retro: { linesPerTrace: 3, traces: 2, maxBytes: 20_000 } });
    const log = logger('retro3');
    const scopes = [trace('1'), trace('2'), trace('3')] as const;
    for (const scope of scopes) for (let i = 0; i < 5; i++) runInScope(scope, () => log.debug(`line ${i}`));
    for (const scope of scopes) reported(scope, 17);
    expect(messages()).toEqual(['line 2', 'line 3', 'line 4', 'line 2', 'line 3', 'line 4']);
    const before = retroCounts.forgotten;
    runInScope(scopes[0], () => log.debug('x'.repeat(9_000)));
    runInScope(scopes[1], () => log.debug({ a: 'x'.repeat(9_000) }, 'm'));
    reported(scopes[0], 17);
    expect(retroCounts.forgotten - before).toBe(1);
    expect(lines).toHaveLength(6);
  });

  it('costs nothing when it is off: a disabled method is the empty one again', () => {
    configure({ retro: true });
    const log = logger('retro4');
    const holding = log.debug;
    logs?.close();
    configure({});
    expect(log.debug).not.toBe(holding);
    expect(log.debug.name).toBe('nothing');
  });
});

describe('console capture', () => {
  it('sends console through the logger "console", and puts it back', () => {
    const former = console.log;
    configure({ console: true });
    console.log('hello %s', 'you', { a: 1 });
    console.warn('careful', new Error('why'));
    console.error(new TypeError('what'));
    console.debug('below the level');
    expect(parsed().map((line) => [line['level'], line['logger'], line['message'], line['exception.type']])).toEqual([
      ['info', 'console', 'hello you { a: 1 }', undefined],
      ['warn', 'console', 'careful why', 'Error'],
      ['error', 'console', 'what', 'TypeError'],
    ]);
    logs?.close();
    expect(console.log).toBe(former);
  });

  it('lets no secret through, in whatever an argument holds it', () => {
    configure({ console: true });
    const error = Object.assign(new Error('told'), { config: { headers: { authorization: 'Bearer hunter2' } } });
    console.log('hello %s', 'you', { password: 'hunter2', deep: [{ token: 'hunter2' }] });
    console.log({ secret: 'hunter2' });
    console.log('%o and %j', { password: 'hunter2' }, { password: 'hunter2' });
    console.log(new Map([['password', 'hunter2']]));
    console.error('twice', new Error('first'), error);
    console.log(undefined, { password: 'hunter2' });
    console.dirxml({ password: 'hunter2' });
    console.table([{ password: 'hunter2', name: 'you' }]);
    console.log(
      'client',
      Object.assign(() => {}, { defaults: { password: 'hunter2' } }),
    );
    console.dir({ password: 'hunter2' }, { depth: 0 });
    expect(lines.join('')).not.toContain('hunter2');
    expect(lines).toHaveLength(10);
    expect(messages().at(-3)).toMatch(/ password .* name .*'\[redacted\]' .*'you'/s);
    expect(messages().slice(0, 2)).toEqual(["hello you { password: '[redacted]', deep: [ { token: '[redacted]' } ] }", "{ secret: '[redacted]' }"]);
    expect(messages().at(-1)).toBe("{ password: '[redacted]' }");
  });

  it('takes no other thing than a text for a format', () => {
    configure({ console: true });
    console.log(new Error('half %s'), 'done');
    console.log('half %s', 'done');
    expect(messages()).toEqual(['half %s done', 'half done']);
  });

  it('is sampled by what it says, and says per cents as they are', () => {
    configure({ console: true, sampling: { first: 1, thereafter: 0 } });
    for (const text of ['one', 'two', 'one', '100%% %d']) console.log(text);
    expect(messages()).toEqual(['one', 'two', '100%% %d']);
  });

  it('lets a destination use console itself', () => {
    const said: string[] = [];
    const former = console.log;
    console.log = (line: string) => void said.push(line);
    logs = configureLogs({ format: 'json', console: true, destination: { write: (line) => console.log(line.trim()) } });
    logger('via').info('once');
    console.log('direct');
    expect(said.map((line) => (JSON.parse(line) as { message: string }).message)).toEqual(['once', 'direct']);
    logs.close();
    console.log = former;
  });
});
