import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type BreakerChanged, breakerChanged } from '../../../src/core/events.ts';
import { stack } from '../../../src/core/wrapper.ts';
import { errorIdOf, report } from '../../../src/errors/report.ts';
import { breaker, listBreakers, openBreakers } from '../../../src/resilience/breaker.ts';
import { retry } from '../../../src/resilience/retry.ts';
import { logBreakers } from '../../../src/runtime/breaker-log.ts';
import { readHealth } from '../../../src/runtime/health.ts';
import { type ManualClock, manualClock } from '../../../src/testing/manual-clock.ts';
import { traced } from '../../../src/trace/traced.ts';
import { recordEach } from '../record-each.ts';

const telemetry = recordEach();
let time: ManualClock;
let unlog: () => void;
beforeEach(() => {
  time = manualClock();
  unlog = logBreakers();
});
afterEach(() => {
  unlog();
  time.restore();
});

const boom = new TypeError('boom');
/** A breaker that opens at the first failure, and the two calls of it. */
function make(name: string, options: { critical?: boolean; halfOpenCalls?: number } = {}) {
  const its = breaker({ name, consecutive: 1, openFor: '10s', halfOpenCalls: 1, ...options });
  const fail = its((): void => {
    throw boom;
  });
  const attempt = (fn: () => unknown): unknown => {
    try {
      return fn();
    } catch (error) {
      return error;
    }
  };
  return { its, fail: () => attempt(fail), call: () => attempt(its(() => 'fine')) };
}
const metric = (name: string, labels: object): number | undefined => telemetry.now.metric(`resilience4j_circuitbreaker_${name}`, { ...labels });

describe('metrics', () => {
  it('are there from the making, all of them', () => {
    make('zero');
    const name = 'zero';
    for (const kind of ['successful', 'failed', 'ignored']) expect(metric('calls_seconds', { name, kind })).toBe(0);
    expect(['closed', 'open', 'half_open', 'forced_open'].map((state) => metric('state', { name, state }))).toEqual([1, 0, 0, 0]);
    expect(['closed', 'open', 'half_open', 'forced_open'].map((state) => metric('transitions_total', { name, state }))).toEqual([0, 0, 0, 0]);
    expect(metric('not_permitted_calls_total', { name, kind: 'not_permitted' })).toBe(0);
    expect([metric('failure_rate', { name }), metric('slow_call_rate', { name })]).toEqual([-1, -1]);
    expect(['successful', 'failed'].map((kind) => metric('buffered_calls', { name, kind }))).toEqual([0, 0]);
    expect(metric('open_seconds_total', { name })).toBe(0);
  });

  it('tell calls by kind, the state, and how long it was open', async () => {
    const { its, fail, call } = make('counted');
    const name = 'counted';
    call();
    fail();
    call();
    call();
    expect(['successful', 'failed', 'ignored'].map((kind) => metric('calls_seconds', { name, kind }))).toEqual([1, 1, 0]);
    expect(metric('not_permitted_calls_total', { name })).toBe(2);
    expect(metric('state', { name, state: 'open' })).toBe(1);
    await time.advance('4s');
    expect(metric('open_seconds_total', { name })).toBe(4);
    await time.advance('1h');
    expect(metric('state', { name, state: 'half_open' })).toBe(1);
    const tried = metric('open_seconds_total', { name });
    its.open();
    await time.advance('5s');
    its.close();
    await time.advance('5s');
    expect((metric('open_seconds_total', { name }) ?? 0) - (tried ?? 0)).toBe(5);
    expect(['closed', 'open', 'half_open', 'forced_open'].map((state) => metric('transitions_total', { name, state }))).toEqual([1, 1, 1, 1]);
  });

  it('give rates in percent, of the window', () => {
    const its = breaker({ name: 'rates', window: 5, minimumCalls: 2, slowCall: '1s', failureRate: 0.9, slowCallRate: 1 });
    const call = its((ms: number) => {
      time.block(`${ms}ms`);
      if (ms === 0) throw boom;
    });
    expect(() => call(0)).toThrow(boom);
    call(1);
    call(2_000);
    call(1);
    expect([metric('failure_rate', { name: 'rates' }), metric('slow_call_rate', { name: 'rates' })]).toEqual([25, 25]);
    expect(['successful', 'failed'].map((kind) => metric('buffered_calls', { name: 'rates', kind }))).toEqual([3, 1]);
  });
});

describe('a refusal', () => {
  it('has an error ID and a record of its own, which name the failure that opened the breaker', () => {
    const { fail, call } = make('refusing');
    fail();
    const first = call();
    const { id } = report(boom);
    const second = call();
    expect(new Set([id, errorIdOf(first), errorIdOf(second)]).size).toBe(3);
    const records = telemetry.now.errors.filter((record) => record['error.code'] === 'sonde/breaker-open');
    expect(records.map((record) => [record['error.id'], record['sonde.resilience.name'], record['sonde.resilience.state']])).toEqual([
      [errorIdOf(first), 'refusing', 'open'],
      [errorIdOf(second), 'refusing', 'open'],
    ]);
    expect(records.map((record) => [record['sonde.resilience.last_error.type'], record['sonde.resilience.last_error.id']])).toEqual([
      ['TypeError', undefined],
      ['TypeError', id],
    ]);
    expect(records[0]?.['sonde.resilience.last_error.message']).toBe(boom.message);
  });

  it('and each change are events of the running span', async () => {
    const { fail, call } = make('evented');
    traced('opens', () => void fail())();
    traced('refused', () => void call())();
    await time.advance('10s');
    traced('tries', () => void call())();
    const events = (name: string): unknown[] =>
      telemetry.now.spansNamed(name).flatMap((span) => span.events.map((event) => [event.name, event.attributes?.['sonde.resilience.to']]));
    expect(events('opens')).toEqual([['breaker.transition', 'open']]);
    expect(events('refused')).toEqual([['breaker.refused', undefined]]);
    expect(events('tries')).toEqual([
      ['breaker.transition', 'half_open'],
      ['breaker.transition', 'closed'],
    ]);
    expect(telemetry.now.spansNamed('refused')[0]?.attributes['error.id']).toBe(telemetry.now.errors.at(-1)?.['error.id']);
  });
});

it('ends the attempts of a retry around it, with one record', async () => {
  let calls = 0;
  const load = stack(
    retry({ name: 'around', attempts: 5, backoff: { initial: '1ms' } }),
    breaker({ name: 'inside', consecutive: 2, openFor: '1m' }),
  )(async (): Promise<void> => {
    calls++;
    throw boom;
  });
  const given = load().catch((error: unknown) => error);
  await time.advance('1m');
  const error = await given;
  expect([calls, (error as { code?: string }).code]).toEqual([2, 'sonde/breaker-open']);
  expect(telemetry.now.errors.map((record) => [record['error.id'], record['error.code'], record['sonde.resilience.name']])).toEqual([
    [errorIdOf(error), 'sonde/breaker-open', 'inside'],
  ]);
  // What was tried again has no record: the failure is told whole where it opens the breaker, and in a word on the refusal.
  const opening = telemetry.now.logs.find((line) => line['sonde.resilience.to'] === 'open');
  expect(opening).toMatchObject({ 'exception.type': 'TypeError', 'exception.message': boom.message });
  expect(String(opening?.['exception.stacktrace'])).toContain('breaker-telemetry.test');
  expect(telemetry.now.errors[0]?.['sonde.resilience.last_error.message']).toBe(boom.message);
});

describe('log records', () => {
  const lines = (): unknown[] =>
    telemetry.now.logs
      .filter((line) => line.logger === 'sonde.breakers')
      .map((line) => [line.level, line['sonde.resilience.from'], line['sonde.resilience.to'], line.message]);

  it('tell each change once, the opening as a warning', async () => {
    const { its, fail, call } = make('logged');
    report(boom);
    traced('load', () => void fail())();
    call();
    await time.advance('10s');
    call();
    its.open('repair');
    its.open('repair');
    await time.advance('90s');
    its.close();
    expect(lines()).toEqual([
      ['warn', 'closed', 'open', 'breaker "logged" is open for 10s: a call failed'],
      ['info', 'open', 'half_open', 'breaker "logged" tries again after 10s'],
      ['info', 'half_open', 'closed', 'breaker "logged" is closed after 10s'],
      ['warn', 'closed', 'forced_open', 'breaker "logged" is held open: repair'],
      ['info', 'forced_open', 'closed', 'breaker "logged" is closed after 1.5m: somebody closed it'],
    ]);
    expect(telemetry.now.logs[0]).toMatchObject({
      'event.name': 'breaker.transition',
      'sonde.resilience.name': 'logged',
      'sonde.resilience.wait_ms': 10_000,
      'sonde.resilience.last_error.type': 'TypeError',
      'sonde.resilience.last_error.id': errorIdOf(boom),
      trace_id: telemetry.now.spansNamed('load')[0]?.traceId,
    });
  });

  it('say of what the rates were', async () => {
    const its = breaker({ name: 'told', window: 4, slowCall: '1s', openFor: '1s', halfOpenCalls: 2 });
    const call = its((ms: number) => {
      time.block(`${ms}ms`);
      if (ms === 0) throw boom;
    });
    const attempt = (ms: number): void => {
      try {
        call(ms);
      } catch {
        // counted
      }
    };
    for (const ms of [0, 0, 2_000, 1]) attempt(ms);
    await time.advance('1s');
    attempt(0);
    expect(lines()).toMatchObject([
      ['warn', 'closed', 'open', 'breaker "told" is open for 1s: 2 of 4 calls failed, 1 took too long'],
      ['info', 'open', 'half_open', 'breaker "told" tries again after 1s'],
      ['warn', 'half_open', 'open', 'breaker "told" is open for 2s: 1 of 1 trial calls failed'],
    ]);
    expect(telemetry.now.logs[0]).toMatchObject({ 'sonde.resilience.failure_rate': 0.5, 'sonde.resilience.slow_call_rate': 0.25 });
  });

  it('cost nothing where nobody listens, and cannot break a call', () => {
    unlog();
    const changes: BreakerChanged[] = [];
    const { fail, call } = make('unheard');
    const stop = breakerChanged.subscribe((change) => {
      changes.push(change);
      throw new Error('in a listener');
    });
    expect(fail()).toBe(boom);
    stop();
    expect(changes).toMatchObject([{ name: 'unheard', from: 'closed', to: 'open', waitMs: 10_000 }]);
    expect(call()).toMatchObject({ code: 'sonde/breaker-open' });
    expect(lines()).toEqual([]);
  });
});

describe('readiness', () => {
  it('is lost while a critical breaker refuses every call, and is back for the trial without any call', async () => {
    make('unimportant').fail();
    const { its, fail } = make('bank', { critical: true });
    expect(await readHealth('ready')).toMatchObject({ ok: true, reasons: [] });
    fail();
    expect(await readHealth('ready')).toMatchObject({ ok: false, reasons: ['breaker "bank" is open: a call failed'] });
    expect((await readHealth('live')).ok).toBe(true);
    await time.advance('10s');
    expect(openBreakers()).toEqual([]);
    its.open('repair until noon');
    expect(openBreakers()).toEqual(['breaker "bank" is held open: repair until noon']);
    its.close();
    expect((await readHealth('ready')).ok).toBe(true);
  });
});

it('listBreakers tells what is known of each', async () => {
  const { fail, call } = make('listed');
  fail();
  call();
  await time.advance('4s');
  expect(listBreakers().find(({ name }) => name === 'listed')).toEqual({
    name: 'listed',
    state: 'open',
    failureRate: undefined,
    slowCallRate: undefined,
    successes: 0,
    failures: 1,
    refused: 1,
    sinceClosedMs: 4_000,
    retryAfterMs: 6_000,
    critical: false,
    reason: 'breaker "listed" is open: a call failed',
  });
});
