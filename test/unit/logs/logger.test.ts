import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bind } from '../../../src/core/bind.ts';
import { type Clock, systemClock, useClock } from '../../../src/core/clock.ts';
import { runInScope, Scope, type SpanLike } from '../../../src/core/scope.ts';
import { configureLogs, type LogOptions, type Logs, writeErrorRecord } from '../../../src/logs/configure.ts';
import { clearLevel, getLevel, listLoggers, setLevel } from '../../../src/logs/levels.ts';
import { logger } from '../../../src/logs/logger.ts';

let lines: string[] = [];
let logs: Logs | undefined;
let restoreClock = (): void => {};
const NOW = Date.UTC(2026, 10, 21, 7, 8, 9, 45);

beforeEach(() => {
  restoreClock = useClock({ ...systemClock, now: () => NOW } satisfies Clock);
});
afterEach(() => {
  logs?.close();
  restoreClock();
});

function configure(options: LogOptions = {}): void {
  lines = [];
  logs = configureLogs({ format: 'json', ...options, destination: { write: (line) => lines.push(line) } });
}
const last = (): Record<string, unknown> => JSON.parse(lines.at(-1) as string) as Record<string, unknown>;

// This is the first test: the module has not been configured yet.
describe('before the configuration', () => {
  it('keeps lines with their time, and writes them when they are let through', () => {
    logger('early').info({ n: 1 }, 'first');
    logger('early').debug('not kept');
    logger('early.silent').info('switched off by the configuration');
    restoreClock();
    configure({ levels: { 'early.silent': 'off' } });
    expect(lines.map((line) => JSON.parse(line))).toEqual([{ level: 'info', timestamp: '2026-11-21T07:08:09.045Z', logger: 'early', n: 1, message: 'first' }]);
  });
});

describe('a line', () => {
  it('has the keys of the contract, the context before the fields', () => {
    configure();
    const scope = new Scope();
    scope.span = { spanContext: () => ({ traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 1 }) } as unknown as SpanLike;
    runInScope(scope, () =>
      bind({ 'request.id': 'r-1' }, () =>
        logger('orders.db').warn({ order: 'o-17', n: 2, ok: true, none: null, skipped: undefined }, 'placed %s of %d', 'x', 3),
      ),
    );
    expect(lines).toEqual([
      '{"level":"warn","timestamp":"2026-11-21T07:08:09.045Z","logger":"orders.db","trace_id":"0af7651916cd43dd8448eb211c80319c","span_id":"b7ad6b7169203331","trace_flags":1,"request.id":"r-1","order":"o-17","n":2,"ok":true,"none":null,"message":"placed x of 3"}\n',
    ]);
  });

  it('has each key once: the nearer value wins, reserved names are moved', () => {
    configure();
    bind({ a: 1, b: 1, c: 1 }, () => logger('x').child({ b: 2, c: 2 }).info({ c: 3, level: 'nine', trace_id: 'forged', message: 'mine' }, 'given'));
    expect(lines.at(-1)).toBe(
      '{"level":"info","timestamp":"2026-11-21T07:08:09.045Z","logger":"x","a":1,"b":2,"c":3,"fields.level":"nine","fields.trace_id":"forged","fields.message":"mine","message":"given"}\n',
    );
  });

  it.each<[unknown[], Record<string, unknown>]>([
    [['plain'], { message: 'plain' }],
    [[{ a: 1 }], { a: 1, message: '' }],
    [[{ message: 'own' }], { message: 'own' }],
    [[undefined, 'given'], { message: 'given' }],
    [[null, 'given'], { message: 'given' }],
    [[42], { message: '42' }],
    [[], { message: '' }],
    [['%s and %j', 'x', { password: 'p', a: 1 }], { message: 'x and {"password":"[redacted]","a":1}' }],
    [[['a', 'b'], 'list'], { 0: 'a', 1: 'b', message: 'list' }],
    [[{ n: Number.NaN, big: 12n, s: Symbol('s'), f: function go() {} }, 'odd'], { n: 'NaN', big: '12', s: 'Symbol(s)', f: '[function go]', message: 'odd' }],
    [
      [{ d: new Date(0), m: new Map([['k', 1]]), u: new URL('http://u:p@h/') }, 'types'],
      { d: '1970-01-01T00:00:00.000Z', m: { k: 1 }, u: expect.any(String), message: 'types' },
    ],
  ])('takes pino call shapes: %#', (args, expected) => {
    configure();
    (logger('shapes').info as (...args: unknown[]) => void)(...args);
    const { level, timestamp, logger: name, ...rest } = last();
    expect(rest).toEqual(expected);
    expect([level, timestamp, name]).toEqual(['info', '2026-11-21T07:08:09.045Z', 'shapes']);
  });

  it('writes errors as OpenTelemetry exceptions, causes included', () => {
    configure();
    class Declined extends Error {}
    const error = new Declined('card declined', { cause: new TypeError('no money') });
    logger('e').error(error);
    expect(last()).toMatchObject({ message: 'card declined', 'error.type': 'Declined', 'exception.type': 'Declined', 'exception.message': 'card declined' });
    expect(last()['exception.stacktrace']).toMatch(/card declined\n\s+at [\s\S]*Caused by: TypeError: no money/);
    logger('e').error({ err: error, order: 1 }, 'cannot place');
    expect(last()).toMatchObject({ message: 'cannot place', order: 1, 'exception.type': 'Declined' });
    logger('e').error({ err: error });
    expect(last()['message']).toBe('card declined');
  });

  it('takes three facts of a request or a response, as fields or alone', () => {
    configure();
    const req = Object.assign(new IncomingMessage(new Socket()), { method: 'GET', url: '/orders/7' });
    const res = new ServerResponse(req);
    res.statusCode = 404;
    logger('http').info({ req, res }, 'done');
    expect(last()).toMatchObject({ req: { method: 'GET', url: '/orders/7' }, res: { statusCode: 404 } });
    expect(Object.keys(last()['req'] as object)).toEqual(['method', 'url']);
    logger('http').info(req, 'came');
    expect(last()).toMatchObject({ req: { method: 'GET', url: '/orders/7' }, message: 'came' });
    logger('http').info(res);
    expect(last()).toMatchObject({ res: { statusCode: 404 } });
    logger('http').info({ res: { raw: res, request: req } }, 'wrapped, as fastify does');
    expect(last()).toMatchObject({ res: { statusCode: 404 } });
    expect(Object.keys(last()['res'] as object)).toEqual(['statusCode']);
    logger('http').info({ method: 'cash', total: 3 }, 'paid');
    expect(last()).toMatchObject({ method: 'cash', total: 3 });
  });

  it('redacts secrets at any depth, in bindings, bound values and arguments', () => {
    configure({ redact: ['shoe'] });
    bind({ 'session.cookie': 'abc' }, () =>
      logger('r')
        .child({ token: 'abc' })
        .info({ a: { b: { c: { password: 'abc' } } }, authorization: 'Bearer abc12345', shoeSize: 'abc', url: 'postgres://u:abc@h/' }, 'sent Bearer abc12345'),
    );
    expect(lines.at(-1)).not.toContain('abc');
    expect(last()).toMatchObject({ a: { b: { c: { password: '[redacted]' } } }, token: '[redacted]', message: 'sent Bearer [redacted]' });
  });

  it('redacts by path with wildcards, from the top of the fields', () => {
    configure({ redact: ['user.*.email', 'items[*].card', '*.pin', '**.deep'] });
    logger('r').info(
      { user: { a: { email: 'x' }, email: 'open' }, items: [{ card: 'x' }, { cards: 2 }], o: { pin: 'x', p: { deep: 'x' } }, deep: 'x', n: 1 },
      'm',
    );
    expect(last()).toMatchObject({
      user: { a: { email: '[redacted]' }, email: 'open' },
      items: [{ card: '[redacted]' }, { cards: 2 }],
      o: { pin: '[redacted]', p: { deep: '[redacted]' } },
      deep: '[redacted]',
      n: 1,
    });
  });

  it('gives a child a level of its own, as pino does; a lease on its name reaches it', () => {
    configure({ level: 'info' });
    const quiet = logger('routes').child({ route: '/healthz' }, { level: 'silent' });
    const loud = logger('routes').child({ route: '/orders' }, { level: 'debug' });
    quiet.error('hidden');
    loud.debug('seen');
    loud.trace('hidden');
    loud.child({ b: 1 }).debug('seen below');
    logger('routes').child({}, { level: 'no level' }).debug('hidden');
    logger('routes').debug('hidden');
    expect([quiet.level, loud.level, loud.isLevelEnabled('debug'), loud.isLevelEnabled('trace'), quiet.isLevelEnabled('fatal')]).toEqual([
      'off',
      'debug',
      true,
      false,
      false,
    ]);
    setLevel('routes', 'trace', { ttlMs: 1_000 });
    quiet.trace('in the lease');
    clearLevel('routes');
    quiet.fatal('hidden again');
    quiet.level = 'warn';
    quiet.warn('its own setting');
    logger('routes').child({}).info('not of its siblings');
    const seen = lines.map((line) => JSON.parse(line) as Record<string, unknown>).filter((line) => line['logger'] === 'routes');
    expect(seen.map((line) => line['message'])).toEqual(['seen', 'seen below', 'in the lease', 'its own setting', 'not of its siblings']);
    expect(seen[1]).toMatchObject({ route: '/orders', b: 1 });
  });

  it('lets a lease for a context reach a child with a level of its own, also where it says what the name says', () => {
    configure({ level: 'info' });
    const quiet = logger('routes').child({}, { level: 'error' });
    setLevel('routes', 'info', { scope: { user: 'u-1' }, ttlMs: 1_000 });
    bind({ 'user.id': 'u-1' }, () => quiet.info('in the lease'));
    quiet.info('hidden');
    clearLevel('routes', { scope: { user: 'u-1' } });
    const seen = lines.map((line) => JSON.parse(line) as Record<string, unknown>).filter((line) => line['logger'] === 'routes');
    expect(seen.map((line) => line['message'])).toEqual(['in the lease']);
  });

  it('makes a child of whatever is given', () => {
    configure();
    const hostile = new Proxy(
      {},
      {
        ownKeys() {
          throw new Error('no keys');
        },
      },
    );
    for (const bindings of [hostile, null, undefined, 5, 'ab', { a: 1 }])
      logger('child.any')
        .child(bindings as object)
        .child({ b: 2 })
        .info('x');
    expect(lines.map((line) => JSON.parse(line) as Record<string, unknown>).map(({ unreadable, a, b }) => [unreadable, a, b])).toEqual([
      ['no keys', undefined, 2],
      [undefined, undefined, 2],
      [undefined, undefined, 2],
      [undefined, undefined, 2],
      [undefined, undefined, 2],
      [undefined, 1, 2],
    ]);
  });

  it('never throws, and stays bounded, whatever is logged', () => {
    configure();
    const cyclic: Record<string, unknown> = { a: 1 };
    cyclic['self'] = cyclic;
    const evil = {
      get boom() {
        throw new Error('getter');
      },
      ok: 1,
    };
    const proxy = new Proxy(
      {},
      {
        ownKeys() {
          throw new Error('proxy');
        },
      },
    );
    const wide = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`k${i}`, i]));
    let deep: unknown = 1;
    for (let i = 0; i < 10_000; i++) deep = { deep };
    const bushy = (n: number): unknown => (n === 0 ? 'x'.repeat(100) : Array.from({ length: 50 }, () => bushy(n - 1)));
    const log = logger('bad');
    const cases: [unknown, unknown?, ...unknown[]][] = [
      [cyclic, 'cyclic'],
      [evil, 'evil'],
      [proxy, 'proxy'],
      [wide, 'wide'],
      [{ deep }, 'deep'],
      [{ long: 'x'.repeat(1_000_000) }, 'long'],
      [{ bush: bushy(3) }, 'bushy'],
      [
        {
          toJSON: () => {
            throw new Error('json');
          },
        },
        'toJSON',
      ],
      [
        {
          v: {
            toJSON: () => {
              throw new Error('json');
            },
          },
        },
        'toJSON below',
      ],
      [Object.create(null), 'bare'],
      [
        '%s',
        {
          toString() {
            throw new Error('string');
          },
        },
      ],
      ['%d', Symbol('s'), 1n],
      ['x'.repeat(1_000_000)],
      [
        new Proxy(new Error('p'), {
          get() {
            throw new Error('get');
          },
        }),
        'error proxy',
      ],
    ];
    for (const args of cases) (log.info as (...args: unknown[]) => void)(...args);
    expect(lines).toHaveLength(cases.length);
    for (const line of lines) {
      expect(() => JSON.parse(line)).not.toThrow();
      expect(line.length).toBeLessThan(300_000);
      expect(line.indexOf('\n')).toBe(line.length - 1);
    }
    (log.info as (...args: unknown[]) => void)('%s', { a: 1, token: 'abc' });
    expect(last()['message']).toBe('{"a":1,"token":"[redacted]"}');
    const trap = Object.defineProperty({ after: 1 }, 'method', {
      enumerable: true,
      get() {
        throw new Error('method');
      },
    });
    log.info({ trap, last: 2 }, 'm');
    expect(last()).toMatchObject({ trap: { after: 1, method: '[unreadable: method]' }, last: 2 });
    log.info(trap, 'm');
    expect(last()).toMatchObject({ after: 1, method: '[unreadable: method]', message: 'm' });
    expect(JSON.parse(lines[1] as string)).toMatchObject({ boom: '[unreadable: getter]', ok: 1 });
  });

  it('cuts secrets out of texts that are put into the message', () => {
    configure();
    logger('orders').info('asked %s with %s', 'http://ada:hunter2@db/', 'Bearer abc12345');
    expect(last()).toMatchObject({ message: 'asked http://[redacted]@db/ with Bearer [redacted]' });
  });

  it('escapes the line ends of Unicode too', () => {
    configure();
    logger('orders').child({ c: '\u2028' }).info({ a: 'x\u2029' }, 'one\u2028two');
    expect(lines.at(-1)).not.toMatch(/[\u2028\u2029]/);
    expect(last()).toMatchObject({ c: '\u2028', a: 'x\u2029', message: 'one\u2028two' });
  });

  it('keeps one line one line', () => {
    configure();
    logger('inject\n"x').info({ 'k\n"': 'v\n{"level":"fatal"}\u2028\u001b[2J' }, 'a\n{"level":"fatal","message":"forged"}\r');
    expect(lines.at(-1)?.split('\n')).toHaveLength(2);
    expect(last()).toMatchObject({ level: 'info', logger: 'inject\n"x', 'k\n"': 'v\n{"level":"fatal"}\u2028\u001b[2J' });
  });

  it('goes to the listener with its severity, and a listener or destination that fails is not felt', () => {
    const seen: [string, number][] = [];
    configure({
      onLine(line, severity) {
        seen.push([line, severity]);
        throw new Error('pipeline');
      },
    });
    logger('l').fatal('gone');
    expect(seen).toEqual([[lines.at(-1), 21]]);
    logs?.close();
    logs = configureLogs({
      destination: {
        write() {
          logger('l').info('from the destination');
          throw new Error('full');
        },
      },
    });
    logger('l').info('x');
    expect(logs.counts()).toMatchObject({ written: 0, dropped: 1 });
  });
});

describe('levels', () => {
  it('are inherited by name, and a change reaches every child at once', () => {
    configure({ level: 'warn', levels: { 'shop.db': 'debug' } });
    const child = logger('shop.orders').child({ a: 1 });
    const db = logger('shop.db.pool');
    child.info('hidden');
    db.debug('seen');
    setLevel('shop', 'info');
    child.info('seen too');
    db.debug('seen still: the nearer level holds');
    setLevel('', 'error');
    child.info('seen: shop is nearer than the root');
    clearLevel('shop');
    child.warn('hidden again');
    expect(
      lines
        .map((line) => JSON.parse(line))
        .filter((l) => l.logger !== 'sonde.levels')
        .map((l) => l.message),
    ).toEqual(['seen', 'seen too', 'seen still: the nearer level holds', 'seen: shop is nearer than the root']);
    clearLevel('');
  });

  it('writes one audit line for each change', () => {
    configure({ level: 'error' });
    setLevel('audited', 'debug', { ttlMs: 600_000, reason: 'slow', actor: 'ada', remoteAddress: '127.0.0.1' });
    expect(last()).toEqual({
      level: 'info',
      timestamp: '2026-11-21T07:08:09.045Z',
      logger: 'sonde.levels',
      'event.name': 'log.level.changed',
      'log.level.logger': 'audited',
      'log.level.old': 'error',
      'log.level.new': 'debug',
      'log.level.ttl_ms': 600_000,
      'log.level.reason': 'slow',
      'log.level.actor': 'ada',
      'client.address': '127.0.0.1',
      message: 'level of audited is debug, was error for 10m: slow',
    });
    clearLevel('audited');
  });

  it('a lease lies over what is configured and leaves no trace', () => {
    configure();
    let mono = 1_000;
    let fire: (() => void) | undefined;
    restoreClock();
    restoreClock = useClock({
      ...systemClock,
      now: () => NOW,
      mono: () => mono,
      setTimeout(fn) {
        fire = fn;
        return 1;
      },
      clearTimeout() {
        fire = undefined;
      },
    });
    const log = logger('leased');
    setLevel('leased', 'debug', { ttlMs: 5_000, reason: 'r', actor: 'ada' });
    expect(getLevel('leased')).toEqual({
      name: 'leased',
      level: 'debug',
      configured: undefined,
      expiresAtMs: NOW + 5_000,
      revertsTo: 'info',
      reason: 'r',
      actor: 'ada',
    });
    expect(getLevel('leased.below')).toMatchObject({ level: 'debug', revertsTo: 'info' });
    log.debug('seen');
    mono += 5_000;
    log.debug('hidden: the loop is busy, the timer has not come yet');
    expect(getLevel('leased')).toMatchObject({ level: 'info', expiresAtMs: undefined, revertsTo: undefined });
    expect(fire).toBeUndefined();
    setLevel('leased', 'error', { ttlMs: 5_000 });
    setLevel('leased', 'warn'); // permanent: ends the lease
    expect(getLevel('leased')).toMatchObject({ level: 'warn', configured: 'warn', expiresAtMs: undefined });
    setLevel('leased', 'trace', { ttlMs: 5_000 });
    fire?.();
    expect(getLevel('leased')).toMatchObject({ level: 'warn' });
    setLevel('leased', 'off', { ttlMs: 5_000 });
    mono += 6_000;
    log.error('seen: a lease that silences has ended too');
    expect(
      lines
        .map((line) => JSON.parse(line))
        .filter((l) => l.logger === 'leased')
        .map((l) => l.message),
    ).toEqual(['seen', 'seen: a lease that silences has ended too']);
    clearLevel('leased');
  });

  it('takes aliases in any case and refuses what is none', () => {
    configure();
    for (const [text, level] of [
      ['WARNING', 'warn'],
      ['Panic', 'fatal'],
      ['dpanic', 'fatal'],
      ['silent', 'off'],
      ['NONE', 'off'],
      ['Trace', 'trace'],
    ] as const) {
      expect(setLevel('aliases', text).level).toBe(level);
    }
    expect(() => setLevel('aliases', 'verbose')).toThrow(
      'Cannot set the level of "aliases": unrecognized level "verbose", expected one of trace, debug, info, warn, error, fatal, off',
    );
    expect(() => setLevel('aliases', 'toString')).toThrow(RangeError);
    expect(() => setLevel('aliases', 'info', { ttlMs: 0 })).toThrow('ttlMs is 0');
    expect(() => configureLogs({ level: 'loud' })).toThrow('unrecognized level "loud"');
    clearLevel('aliases');
  });

  it('sets all loggers of a group, and lists both', () => {
    configure({ groups: { storage: ['g.db', 'g.cache'] }, levels: { storage: 'warn' } });
    expect(getLevel('g.cache').level).toBe('warn');
    setLevel('storage', 'debug');
    expect([getLevel('g.db').configured, getLevel('g.cache').configured, getLevel('storage').level]).toEqual(['debug', 'debug', 'debug']);
    const listed = listLoggers();
    expect(listed.groups).toEqual({ storage: ['g.db', 'g.cache'] });
    expect(listed.loggers[0]).toMatchObject({ name: 'root', configured: 'info' });
    expect(listed.loggers.map((l) => l.name)).toContain('g.cache');
    clearLevel('storage');
    expect(getLevel('g.db').configured).toBeUndefined();
  });

  it('log.level and isLevelEnabled follow', () => {
    configure();
    const log = logger('props');
    expect([log.level, log.isLevelEnabled('debug'), log.isLevelEnabled('INFO'), log.isLevelEnabled('off'), log.isLevelEnabled('nonsense')]).toEqual([
      'info',
      false,
      true,
      false,
      false,
    ]);
    log.level = 'debug';
    expect([log.child({}).level, log.isLevelEnabled('debug')]).toEqual(['debug', true]);
    const { debug } = log.child({ a: 1 });
    debug('taken off its object');
    expect(last()).toMatchObject({ message: 'taken off its object' });
    clearLevel('props');
  });
});

describe('writeErrorRecord', () => {
  const record = { level: 'warn', logger: 'records', line: '{"error.id":"7X2K-9QD4-MB3H-TRVG"}\n' } as const;

  it('writes the record as it is, where its logger lets it', () => {
    const seen: string[] = [];
    configure({ onLine: (line) => seen.push(line) });
    writeErrorRecord(record);
    expect(lines).toEqual([record.line]);
    expect(seen).toEqual([]);
    setLevel('records', 'error');
    lines.length = 0;
    writeErrorRecord(record);
    expect(lines).toEqual([]);
    clearLevel('records');
  });
});
