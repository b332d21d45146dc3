import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { bind } from '../../../src/core/bind.ts';
import { systemClock, useClock } from '../../../src/core/clock.ts';
import { useDiagWriter } from '../../../src/core/diag.ts';
import { callFailed, type ErrorReported, errorReported } from '../../../src/core/events.ts';
import { defineFunction } from '../../../src/core/function-def.ts';
import type { ErrorRecord } from '../../../src/core/records.ts';
import { runInScope, Scope, type SpanLike } from '../../../src/core/scope.ts';
import { completeRecord } from '../../../src/errors/complete.ts';
import { configureErrors, errorCounts } from '../../../src/errors/configure.ts';
import { defineError } from '../../../src/errors/define-error.ts';
import { parseErrorId } from '../../../src/errors/error-id.ts';
import { type Journal, openJournal } from '../../../src/errors/journal.ts';
import { readJournal } from '../../../src/errors/journal-reader.ts';
import { problem } from '../../../src/errors/problem.ts';
import { errorIdOf, report } from '../../../src/errors/report.ts';

let dir: string;
let journal: Journal;
let undo: () => void;
let lastResort: string[];
const records = (): ErrorRecord[] => [...readJournal(journal.path).records];
const only = (): ErrorRecord => {
  expect(records()).toHaveLength(1);
  return records()[0] as ErrorRecord;
};

/** A scope as an engine makes it for a traced call. */
function traceScope(name: string, parent?: Scope, traceId = '0af7651916cd43dd8448eb211c80319c'): Scope {
  const scope = new Scope(parent);
  const set: Record<string, unknown> = {};
  scope.span = {
    def: defineFunction(name, 'orders', 'orders.ts:12'),
    parent: parent?.span,
    attrs: set,
    spanContext: () => ({ traceId, spanId: 'b7ad6b7169203331', traceFlags: 1 }),
    setAttribute: (key: string, value: unknown) => (set[key] = value),
    setAttributes: () => undefined,
    addEvent: () => undefined,
    setStatus: (status: { code: number }) => (set['status'] = status.code),
    isRecording: () => true,
  } as unknown as SpanLike;
  return scope;
}

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'sonde-report-'));
  journal = openJournal(dir);
  lastResort = [];
  undo = configureErrors({ journal, lastResort: (line) => lastResort.push(line), redact: ['shoeSize'] });
});
afterEach(() => {
  undo();
  journal.close();
  rmSync(dir, { recursive: true, force: true });
});

describe('report', () => {
  it('has the record on disk before it answers', () => {
    const answer = report(new Error('no such table'));
    expect(parseErrorId(answer.id)).toEqual({ ok: true, id: answer.id });
    expect(answer).toEqual({
      id: answer.id,
      kind: 'bug',
      status: 500,
      message: `Something unexpected happened. If you contact support, quote ${answer.id}.`,
      journaled: true,
    });
    expect(only()).toMatchObject({
      'error.id': answer.id,
      level: 'error',
      severity_number: 17,
      message: 'no such table',
      'event.name': 'exception',
      'exception.type': 'Error',
      'exception.message': 'no such table',
      'error.type': 'Error',
      'sonde.error.kind': 'bug',
      'sonde.error.mechanism': 'manual',
      'sonde.error.handled': true,
    });
    expect(only()['exception.stacktrace']).toMatch(/^Error: no such table\n {4}at .*report\.test/);
    expect(Date.parse(only().timestamp)).toBeGreaterThan(Date.now() - 10_000);
    expect(only().timestamp).toMatch(/Z$/);
  });

  it('treats a defined error as a known edge case', () => {
    const Declined = defineError<{ orderId: string; password: string }>('report/declined', {
      status: 402,
      public: 'Your card was declined.',
      hint: 'another card',
      owner: 'payments',
    });
    const answer = report(new Declined('Cannot charge', { data: { orderId: 'o-1', password: 'hunter2' } }));
    expect(answer).toMatchObject({ kind: 'known', status: 402, message: 'Your card was declined.' });
    expect(only()).toMatchObject({
      level: 'warn',
      severity_number: 13,
      'error.code': 'report/declined',
      'error.type': 'report/declined',
      'exception.type': 'Declined',
      'sonde.error.kind': 'known',
      'sonde.error.hint': 'another card',
      'sonde.error.owner': 'payments',
      'sonde.error.public_message': 'Your card was declined.',
      'error.data': { orderId: 'o-1', password: '[redacted]' },
    });
  });

  it.each([
    ['uncaughtException', 'fatal', 21],
    ['unhandledRejection', 'fatal', 21],
    ['http.server', 'error', 17],
  ] as const)('%s is %s', (mechanism, level, severity) => {
    report(new Error('x'), { mechanism });
    expect(only()).toMatchObject({ level, severity_number: severity, 'sonde.error.mechanism': mechanism });
  });

  it('calls an abort the client going away', () => {
    expect(report(new DOMException('gone', 'AbortError'))).toMatchObject({ kind: 'known', status: 499 });
    expect(only()).toMatchObject({ level: 'debug', severity_number: 5 });
  });

  it('publishes once, with the record as text', () => {
    const seen: ErrorReported[] = [];
    const stop = errorReported.subscribe((event) => seen.push(event));
    const error = new Error('x');
    report(error, { boundary: 'payments' });
    report(error);
    stop();
    expect(seen).toHaveLength(1);
    expect(JSON.parse(seen[0]?.line ?? '')).toEqual(seen[0]?.record);
    expect(seen[0]).toMatchObject({ error, boundary: 'payments' });
  });
});

describe('what has no stack', () => {
  const noStack = (): Error => {
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    try {
      return new RangeError('no frames');
    } finally {
      Error.stackTraceLimit = limit;
    }
  };

  it.each([
    ['an error made with no frames', noStack, /^RangeError: no frames\n {4}\[no stack\]\n/],
    ['an object that is no error', () => ({ code: 'E', password: 'hunter2' }), /^Object: \{"code":"E","password":"\[redacted\]"\}\n {4}\[no stack\]\n/],
    ['nothing', () => undefined, /^undefined: undefined\n {4}\[no stack: undefined was thrown; it was reported here\]\n/],
  ])('%s: says so, and shows where it was reported', (_what, make, head) => {
    report(make());
    expect(only()['exception.stacktrace']).toMatch(head);
    expect(only()['exception.stacktrace']).toMatch(/\n {4}at .*report\.test/);
    expect(JSON.stringify(only())).not.toContain('hunter2');
  });

  it('is grouped by what it says, not by the place where it was reported', () => {
    for (const thrown of ['no card 1', 'no card 2', 'no order 1']) report(thrown);
    const prints = records().map((record) => completeRecord(record)['sonde.error.fingerprint']);
    expect(prints[0]).toBe(prints[1]);
    expect(prints[2]).not.toBe(prints[0]);
  });

  it('has a name of bounded length, whatever it calls itself', () => {
    report(Object.assign(new Error('x'), { name: 'N'.repeat(1_000_000) }));
    expect(JSON.stringify(only()).length).toBeLessThan(30_000);
    expect(only()['error.type']).toHaveLength(200);
  });
});

describe('the times of a record', () => {
  it.each([0, 999, 1_000, 1_795_258_801_007, 1_795_258_801_999.9, 4_102_444_800_000])('%s ms are written in UTC, to the millisecond', (ms) => {
    const restore = useClock({ ...systemClock, now: () => ms });
    report(new Error('x'));
    restore();
    expect(only().timestamp).toBe(new Date(ms).toISOString());
  });
});

describe('one failure has one ID', () => {
  const rows: [string, () => [unknown, unknown]][] = [
    [
      'the same error',
      () => {
        const e = new Error('x');
        return [e, e];
      },
    ],
    [
      'a frozen error',
      () => {
        const e = Object.freeze(new Error('x'));
        return [e, e];
      },
    ],
    [
      'an error and its wrapper',
      () => {
        const e = new Error('x');
        return [e, new Error('y', { cause: e })];
      },
    ],
    [
      'a wrapper and its cause',
      () => {
        const e = new Error('x');
        return [new Error('y', { cause: e }), e];
      },
    ],
    [
      'a wrapper of a frozen error',
      () => {
        const e = Object.freeze(new Error('x'));
        return [e, Object.freeze(new Error('y', { cause: e }))];
      },
    ],
    [
      'five wrappers',
      () => {
        const e = new Error('0');
        let w = e;
        for (let i = 0; i < 5; i++) w = new Error(String(i), { cause: w });
        return [e, w];
      },
    ],
    [
      'a member and its aggregate',
      () => {
        const e = new Error('x');
        return [e, new AggregateError([new Error('z'), e])];
      },
    ],
    [
      'an aggregate and its member',
      () => {
        const e = new Error('x');
        return [new AggregateError([new Error('z'), e]), e];
      },
    ],
    [
      'an object that is no error',
      () => {
        const e = { failed: true };
        return [e, e];
      },
    ],
    [
      'a function',
      () => {
        const e = (): void => undefined;
        return [e, e];
      },
    ],
    [
      'causes in a circle',
      () => {
        const a = new Error('a');
        const b = new Error('b', { cause: a });
        a.cause = b;
        return [a, b];
      },
    ],
  ];
  it.each(rows)('%s', (_what, make) => {
    const [first, second] = make();
    const { id } = report(first);
    expect(report(second).id).toBe(id);
    expect(errorIdOf(second)).toBe(id);
    expect(problem(second).errorId).toBe(id);
  });

  it('two failures have two', () => {
    expect(report(new Error('x')).id).not.toBe(report(new Error('x')).id);
  });

  it.each(['boom', 42, undefined, null, false, Symbol('s'), 10n])('a thrown %s keeps its ID through the layers of one trace, and no further', (thrown) => {
    const outer = traceScope('outer');
    const inner = traceScope('inner', outer);
    const first = runInScope(inner, () => report(thrown).id);
    expect(runInScope(outer, () => report(thrown).id)).toBe(first);
    if (thrown !== undefined && thrown !== null) expect(runInScope(outer, () => report(new Error('wrapped', { cause: thrown })).id)).toBe(first);
    expect(runInScope(traceScope('other', undefined, 'ffffffffffffffffffffffffffffffff'), () => report(thrown).id)).not.toBe(first);
  });

  it('also in a second copy of the package', async () => {
    const second = (await import(
      /* @vite-ignore */ new URL('../../../src/errors/report.ts?copy=2', import.meta.url).href
    )) as typeof import('../../../src/errors/report.ts');
    expect(second.report).not.toBe(report);
    const error = new Error('x');
    expect(second.report(error).id).toBe(report(error).id);
    expect(records()).toHaveLength(1);
  });

  it('writes one record for the same error, and a fuller one under the same ID for a wrapper that came later', () => {
    const error = new Error('inner');
    report(error);
    report(error);
    expect(records()).toHaveLength(1);
    const wrapper = new Error('outer', { cause: error });
    report(wrapper);
    report(wrapper);
    expect(records().map((r) => [r.message, r['error.id']])).toEqual([
      ['inner', report(error).id],
      ['outer', report(error).id],
    ]);
  });
});

describe('the record', () => {
  it('tells trace, time and values of the place where the error was first seen', () => {
    const outer = traceScope('checkout.place');
    const inner = traceScope('payments.charge', outer);
    inner.values = { 'order.id': 'o-1', password: 'hunter2', shoeSize: 44, url: 'https://u:pw@bank/' };
    outer.values = { 'request.id': 'r-1' };
    const error = new Error('late');
    callFailed.publish({ error, scope: inner });
    callFailed.publish({ error, scope: outer });
    runInScope(outer, () => report(error));
    expect(only()).toMatchObject({
      trace_id: '0af7651916cd43dd8448eb211c80319c',
      span_id: 'b7ad6b7169203331',
      trace_flags: 1,
      'order.id': 'o-1',
      'request.id': 'r-1',
      password: '[redacted]',
      shoeSize: '[redacted]',
      url: 'https://[redacted]@bank/',
    });
    expect(only()['exception.stacktrace']).toMatch(/\n {4}at traced payments\.charge \(orders\.ts:12\)\n {4}at traced checkout\.place \(orders\.ts:12\)$/);
  });

  it('does not repeat a traced function that V8 still shows', () => {
    const scope = traceScope('shop.place');
    function place(): Error {
      return new Error('x');
    }
    const error = place();
    callFailed.publish({ error, scope });
    report(error);
    expect(only()['exception.stacktrace']).not.toMatch(/at traced/);
  });

  it('marks the span', () => {
    const scope = traceScope('x');
    const { id } = runInScope(scope, () => report(new TypeError('x')));
    expect((scope.span as unknown as { attrs: object }).attrs).toMatchObject({ 'error.id': id, 'error.type': 'TypeError', status: 2 });
  });

  it('keeps its own keys whatever the context calls itself', () => {
    const forged = { 'error.id': 'forged', level: 'off', timestamp: 'never', 'service.name': 'theirs', 'process.memory.rss': -1 };
    const { id } = bind(forged, () => report(new Error('x'), { attributes: { message: 'theirs', mine: 1 } }));
    expect(only()).toMatchObject({ 'error.id': id, level: 'error', message: 'x', mine: 1 });
    expect(only()['service.name']).not.toBe('theirs');
    expect(only()['process.memory.rss']).toBeGreaterThan(0);
    const keys = [
      ...readFileSync(journal.path, 'utf8')
        .split('\n')[1]!
        .matchAll(/[{,]"([\w.]+)":/g),
    ].map((match) => match[1]);
    expect(keys).toHaveLength(new Set(keys).size);
  });

  it('bounds message, context and stack, and counts what it left out', () => {
    const values: Record<string, string> = {};
    for (let i = 0; i < 500; i++) values[`key.${i}`] = 'v'.repeat(5_000);
    bind(values, () => report(new Error('m'.repeat(1_000_000))));
    const line = readFileSync(journal.path, 'utf8');
    expect(line.length).toBeLessThan(200_000);
    expect(only()['sonde.error.context_dropped']).toBeGreaterThan(400);
  });

  it('redacts by path from the top of the context, and in the text of a long stack', () => {
    undo();
    undo = configureErrors({ journal, redact: ['user.*.email'] });
    const Failed = defineError<object>('report/failed');
    let error = new Error('cannot reach postgres://app:hunter2@db/orders');
    for (let i = 0; i < 12; i++) error = new Error(`layer ${i}`, { cause: error });
    const values = { user: { work: { email: 'ann@example.com', name: 'Ann' } } } as never;
    bind(values, () => report(new Failed('x', { data: { apiKey: 'k', list: [{ token: 't' }] }, cause: error })));
    const text = JSON.stringify(only());
    expect(text).not.toContain('hunter2');
    expect(only()).toMatchObject({
      user: { work: { email: '[redacted]', name: 'Ann' } },
      'error.data': { apiKey: '[redacted]', list: [{ token: '[redacted]' }] },
    });
  });

  it('keeps what belongs to the record from the context', () => {
    bind({ 'sonde.error.same_as': 'x', 'exception.stacktrace': 'y', 'error.code': 'z', trace_id: 'w' }, () => report(new Error('x')));
    expect(only()).not.toHaveProperty(['sonde.error.same_as']);
    expect(only()).not.toHaveProperty(['error.code']);
    expect(only()).not.toHaveProperty('trace_id');
    expect(only()['exception.stacktrace']).toMatch(/^Error: x/);
  });

  it('keeps the ID of the service below as the ID of the cause', () => {
    const downstream = Object.assign(new Error('502 from payments'), { errorId: '0000-0000-0000-001z' });
    report(new Error('cannot charge', { cause: downstream }));
    expect(only()['sonde.error.cause_id']).toBe('0000-0000-0000-001Z');
  });

  it('shows where a string was reported', () => {
    report('boom');
    expect(only()['exception.stacktrace']).toMatch(/^string: boom\n {4}\[no stack: a string was thrown; it was reported here\]\n {4}at .*report\.test/);
  });
});

describe('nothing that is thrown makes report throw', () => {
  const hostile = (): object =>
    new Proxy(
      {},
      {
        get: () => {
          throw new Error('no');
        },
        ownKeys: () => {
          throw new Error('no');
        },
        getPrototypeOf: () => {
          throw new Error('no');
        },
        has: () => {
          throw new Error('no');
        },
      },
    );
  const rows: [string, () => unknown][] = [
    ['a proxy that throws', hostile],
    [
      'a revoked proxy',
      () => {
        const { proxy, revoke } = Proxy.revocable({}, {});
        revoke();
        return proxy;
      },
    ],
    [
      'a stack that throws',
      () =>
        Object.defineProperty(new Error('x'), 'stack', {
          get() {
            throw new Error('no');
          },
        }),
    ],
    [
      'a message that throws',
      () =>
        Object.defineProperty(new Error('x'), 'message', {
          get() {
            throw new Error('no');
          },
        }),
    ],
    [
      'a cause that throws',
      () =>
        Object.defineProperty(new Error('x'), 'cause', {
          get() {
            throw new Error('no');
          },
        }),
    ],
    ['a name that is no text', () => Object.assign(new Error('x'), { name: 7 })],
    ['a stack that is no text', () => Object.assign(new Error('x'), { stack: { a: 1 } })],
    ['an object without a prototype', () => Object.create(null)],
    ['a wrapper of a hostile cause', () => new Error('x', { cause: hostile() })],
    [
      'data with a circle',
      () => {
        const D = defineError<object>('report/circle');
        const data: Record<string, unknown> = { big: 10n };
        data['self'] = data;
        return new D('x', { data });
      },
    ],
    ['undefined', () => undefined],
  ];
  it.each(rows)('%s', (_what, make) => {
    const error = make();
    const answer = report(error);
    expect(parseErrorId(answer.id).ok).toBe(true);
    expect(answer.journaled).toBe(true);
    expect(only()['error.id']).toBe(answer.id);
  });

  it('nor an Error.prepareStackTrace of somebody else', () => {
    const former = Error.prepareStackTrace;
    Error.prepareStackTrace = (error, sites) => ({ error: String(error), frames: sites.length });
    const error = new Error('structured');
    void error.stack;
    Error.prepareStackTrace = former;
    report(error);
    expect(only()['exception.stacktrace']).toMatch(/^Error: structured/);
    expect(Error.prepareStackTrace).toBe(former);
  });

  it.each([
    ['gives the call sites', (_: Error, sites: NodeJS.CallSite[]) => sites, /^TypeError: odd\n {4}at [^]*report\.test\.ts:\d+:\d+/],
    [
      'throws',
      () => {
        throw new Error('of somebody else');
      },
      /^TypeError: odd\n {4}\[no stack/,
    ],
    ['gives nothing', () => undefined, /^TypeError: odd\n {4}\[no stack/],
  ] as const)('nor one that is in force and %s', (_how, prepare, stack) => {
    const former = Error.prepareStackTrace;
    Error.prepareStackTrace = prepare;
    try {
      report(new TypeError('odd'), { attributes: { tenant: 'acme' } });
    } finally {
      Error.prepareStackTrace = former;
    }
    expect(only()).toMatchObject({ message: 'odd', 'exception.type': 'TypeError', tenant: 'acme', 'exception.stacktrace': expect.stringMatching(stack) });
  });
});

describe('a journal that cannot be written', () => {
  it('costs no ID: the record goes whole to the last resort, is counted, and the answer says so', () => {
    const before = errorCounts.unjournaled;
    journal.close();
    const said: string[] = [];
    const restore = useDiagWriter((line) => said.push(line));
    const taken = vi.fn();
    const undoInner = configureErrors({ journal, onRecord: taken, lastResort: (line) => lastResort.push(line) });
    const error = new Error('during');
    const answer = problem(error);
    undoInner();
    restore();
    expect(JSON.parse(lastResort[0] as string)).toMatchObject({
      'error.id': answer.errorId,
      message: 'during',
      'exception.stacktrace': expect.stringContaining('report.test'),
    });
    expect(errorCounts.unjournaled).toBe(before + 1);
    expect(answer.detail).toMatch(/could not be saved/);
    // Who shows the sentence without a problem body is as honest, also the second time.
    expect(report(error)).toMatchObject({ journaled: false, message: answer.detail });
    expect(taken).toHaveBeenCalledTimes(1); // the worker may still be able to store it
    expect(said[0]).toMatch(/cannot write the error journal .*: error records go to standard error|cannot write the error journal/);
  });

  it('keeps what was reported before telemetry started, and journals it then', () => {
    undo();
    const early: string[] = [];
    const undoEarly = configureErrors({ lastResort: (line) => early.push(line) });
    const { id, journaled } = report(new Error('early'));
    expect(journaled).toBe(false);
    expect(early).toHaveLength(1);
    undoEarly();
    undo = configureErrors({ journal });
    expect(only()['error.id']).toBe(id);
  });
});

describe('a fault of our own, or of whoever takes records', () => {
  it('after the record is on disk changes nothing of the ID', () => {
    undo();
    undo = configureErrors({
      journal,
      onRecord() {
        throw new Error('the pipeline is broken');
      },
    });
    const scope = traceScope('x');
    (scope.span as unknown as Record<string, unknown>)['setAttribute'] = () => {
      throw new Error('the span is broken');
    };
    const error = new Error('x');
    const { id, journaled } = runInScope(scope, () => report(error));
    expect(journaled).toBe(true);
    expect(only()['error.id']).toBe(id);
    expect(errorIdOf(error)).toBe(id);
  });

  it('before that still gives an ID whose record is on disk', () => {
    const broken = {
      ...new Scope(),
      get span(): never {
        throw new Error('the scope is broken');
      },
    } as unknown as Scope;
    const { id, journaled, kind } = report(new Error('original'), { scope: broken });
    expect([journaled, kind]).toEqual([true, 'bug']);
    expect(only()).toMatchObject({
      'error.id': id,
      'exception.stacktrace': expect.stringMatching(/^Error: original\n/),
      'sonde.error.problem': expect.stringContaining('the scope is broken'),
    });
  });
});
