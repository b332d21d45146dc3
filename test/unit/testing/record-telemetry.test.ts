import { trace } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bind } from '../../../src/core/bind.ts';
import { defineError } from '../../../src/errors/define-error.ts';
import { report } from '../../../src/errors/report.ts';
import { logger } from '../../../src/logs/logger.ts';
import { counter } from '../../../src/metrics/counter.ts';
import { histogram } from '../../../src/metrics/histogram.ts';
import { telemetryMatchers } from '../../../src/testing/matchers.ts';
import { type RecordedTelemetry, recordTelemetry } from '../../../src/testing/record-telemetry.ts';
import { traced } from '../../../src/trace/traced.ts';

const Declined = defineError<{ order: string }>('testing/declined', { status: 402 });
const placed = counter('testing_placed_total', { help: 'Placed', labels: ['plan'] });
const took = histogram('testing_took_seconds', { help: 'Took' });

let telemetry: RecordedTelemetry;
beforeEach(async () => {
  telemetry = await recordTelemetry();
});
afterEach(() => telemetry.stop());

describe('recordTelemetry', () => {
  it('records spans with their parents and bound values', () => {
    const inner = traced('testing.inner', () => 1);
    bind({ plan: 'pro' }, () => traced('testing.outer', () => inner())());
    expect(telemetry.spans.map(({ name }) => name)).toEqual(['testing.inner', 'testing.outer']);
    expect(telemetry.spans[0]?.parentSpanId).toBe(telemetry.spans[1]?.spanId);
    expect(telemetry.spans[0]?.traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(telemetry.spansNamed('testing.outer')[0]?.attributes).toMatchObject({ plan: 'pro' });
  });

  it('records lines of every level with the trace they belong to', () => {
    traced('testing.logs', () => logger('testing').trace({ order: 7 }, 'placed'))();
    expect(telemetry.logs).toEqual([
      expect.objectContaining({ level: 'trace', logger: 'testing', message: 'placed', order: 7, trace_id: telemetry.spans[0]?.traceId }),
    ]);
  });

  it('records errors under the ID that was handed out', () => {
    const { id } = report(new Declined('Cannot charge', { data: { order: 'o-1' } }));
    expect(telemetry.errors[0]).toMatchObject({ 'error.id': id, 'error.code': 'testing/declined', message: 'Cannot charge' });
  });

  it('counts metrics from the start of the recording', async () => {
    placed.inc({ plan: 'pro' }, 3);
    await telemetry.stop();
    telemetry = await recordTelemetry();
    placed.inc({ plan: 'pro' });
    placed.inc({ plan: 'free' }, 2);
    took.observe(0.5);
    took.observe(1);
    expect([
      telemetry.metric('testing_placed_total', { plan: 'pro' }),
      telemetry.metric('testing_placed_total'),
      telemetry.metric('testing_took_seconds'),
    ]).toEqual([1, 3, 2]);
    expect(telemetry.metrics().find(({ name }) => name === 'testing_took_seconds')?.sum).toBe(1.5);
    expect(telemetry.metric('testing_unknown_total')).toBeUndefined();
  });

  it('counts the calls of traced functions', () => {
    const call = traced('testing.counted', () => 1);
    call();
    call();
    expect(telemetry.metric('function_calls_total', { function: 'testing.counted', result: 'ok' })).toBe(2);
  });

  it("records what comes through OpenTelemetry's API", () => {
    trace.getTracer('testing').startSpan('through the API').end();
    expect(telemetry.spans.map(({ name }) => name)).toEqual(['through the API']);
    expect(telemetry.spans[0]?.scope.name).toBe('testing');
  });

  it('forgets, and stops: later calls are not recorded', async () => {
    const call = traced('testing.later', () => 1);
    call();
    telemetry.clear();
    expect(telemetry.spans).toEqual([]);
    await telemetry.stop();
    call();
    logger('testing').error('later');
    expect([telemetry.spans, telemetry.logs]).toEqual([[], []]);
  });

  it('refuses a second recording', async () => {
    await expect(recordTelemetry()).rejects.toThrow('Cannot record telemetry: a recording is under way');
  });
});

describe('telemetryMatchers', () => {
  const cases: readonly [name: string, ask: (t: RecordedTelemetry) => { pass: boolean; message(): string }, pass: boolean, says: string][] = [
    ['a span', (t) => telemetryMatchers.toHaveSpan(t, 'testing.match'), true, 'expected not to find a span "testing.match"'],
    ['a span with its attributes', (t) => telemetryMatchers.toHaveSpan(t, 'testing.match', { plan: /^p/ }), true, ''],
    ['no span of another name', (t) => telemetryMatchers.toHaveSpan(t, 'testing.other'), false, 'found \n  testing.match'],
    ['no span with other attributes', (t) => telemetryMatchers.toHaveSpan(t, 'testing.match', { plan: 'free' }), false, 'with {"plan":"free"}'],
    ['a line', (t) => telemetryMatchers.toHaveLogged(t, 'matched', { level: 'warn' }), true, ''],
    ['a line by pattern', (t) => telemetryMatchers.toHaveLogged(t, /^match/), true, ''],
    ['no line of another level', (t) => telemetryMatchers.toHaveLogged(t, 'matched', { level: 'info' }), false, 'warn testing: matched'],
    ['an error by its code', (t) => telemetryMatchers.toHaveReported(t, 'testing/declined'), true, ''],
    ['no other error', (t) => telemetryMatchers.toHaveReported(t, 'TypeError'), false, 'testing/declined: no'],
    ['a metric that moved', (t) => telemetryMatchers.toHaveMetric(t, 'testing_placed_total'), true, ''],
    ['a metric at its value', (t) => telemetryMatchers.toHaveMetric(t, 'testing_placed_total', { plan: 'pro' }, 1), true, ''],
    ['no metric at another', (t) => telemetryMatchers.toHaveMetric(t, 'testing_placed_total', { plan: 'pro' }, 2), false, '{"plan":"pro"} 1'],
  ];
  it.each(cases)('find %s', (_name, ask, pass, says) => {
    bind({ plan: 'pro' }, () => traced('testing.match', () => 1)());
    logger('testing').warn('matched');
    report(new Declined('no', { data: { order: 'o' } }));
    placed.inc({ plan: 'pro' });
    const answer = ask(telemetry);
    expect(answer.pass).toBe(pass);
    expect(answer.message()).toContain(says);
  });
});
