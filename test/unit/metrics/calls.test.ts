import { beforeEach, describe, expect, it } from 'vitest';
import { type ErrorReported, errorReported } from '../../../src/core/events.ts';
import { defineFunction } from '../../../src/core/function-def.ts';
import type { ErrorRecord } from '../../../src/core/records.ts';
import { ROOT, Scope, type SpanLike } from '../../../src/core/scope.ts';
import { bindCalls } from '../../../src/metrics/calls.ts';
import { countErrors } from '../../../src/metrics/errors-total.ts';
import { nextExemplarTurn, setTraceKept } from '../../../src/metrics/exemplars.ts';
import { writeFamilies } from '../../../src/metrics/exposition.ts';
import { allFamilies, clearRegistry, refreshReadings } from '../../../src/metrics/registry.ts';

beforeEach(clearRegistry);

function lines(format: 'prometheus' | 'openmetrics' = 'prometheus'): string[] {
  refreshReadings();
  return writeFamilies(allFamilies(), format).split('\n');
}

function scopeOf(traceId: string, traceFlags: number): Scope {
  const scope = new Scope();
  scope.span = { spanContext: () => ({ traceId, spanId: '00f067aa0ba902b7', traceFlags }) } as unknown as SpanLike;
  return scope;
}

const TRACE = '0af7651916cd43dd8448eb211c80319c';

describe('the metrics of traced calls', () => {
  it('counts by result and caller, with durations and calls under way', () => {
    const stop = bindCalls();
    const place = defineFunction('place', 'orders');
    const charge = defineFunction('charge', 'payments');
    place.cell?.observe(3, 'ok', undefined, ROOT);
    charge.cell?.observe(0.05, 'ok', place, ROOT);
    charge.cell?.observe(0.05, 'error', place, ROOT);
    charge.cell?.observe(0.05, 'ok', undefined, ROOT);
    charge.cell?.observe(20_000, 'cancelled', place, ROOT);
    charge.active = 2;
    const page = lines();
    expect(page.filter((line) => line.startsWith('function_calls_total'))).toEqual([
      'function_calls_total{function="place",module="orders",result="ok"} 1',
      'function_calls_total{function="charge",module="payments",result="ok",caller_function="place",caller_module="orders"} 1',
      'function_calls_total{function="charge",module="payments",result="error",caller_function="place",caller_module="orders"} 1',
      'function_calls_total{function="charge",module="payments",result="ok"} 1',
      'function_calls_total{function="charge",module="payments",result="cancelled",caller_function="place",caller_module="orders"} 1',
    ]);
    expect(page).toContain('function_calls_duration_seconds_bucket{function="charge",module="payments",le="0.0001"} 3');
    expect(page).toContain('function_calls_duration_seconds_bucket{function="charge",module="payments",le="10.0"} 3');
    expect(page).toContain('function_calls_duration_seconds_count{function="charge",module="payments"} 4');
    expect(page).toContain('function_calls_duration_seconds_bucket{function="place",module="orders",le="0.005"} 1');
    expect(page).toContain('function_calls_concurrent{function="charge",module="payments"} 2');
    charge.active = 0;
    stop();
    expect(charge.cell).toBeUndefined();
  });

  it('shows a sampled trace as the exemplar of its bucket, a new one after each scrape', () => {
    const stop = bindCalls();
    const fn = defineFunction('exemplified', 'm');
    fn.cell?.observe(3, 'ok', undefined, scopeOf('f'.repeat(32), 0)); // not sampled: no exemplar
    fn.cell?.observe(4, 'ok', undefined, scopeOf(TRACE, 1));
    fn.cell?.observe(4.5, 'ok', undefined, scopeOf('a'.repeat(32), 1)); // the bucket has one
    const bucket = () => lines('openmetrics').find((line) => line.includes('function="exemplified"') && line.includes('le="0.005"'));
    expect(bucket()).toMatch(new RegExp(`\\} 3 # \\{trace_id="${TRACE}"\\} 0\\.004 \\d+\\.\\d{3}$`));
    expect(lines('prometheus').join('\n')).not.toContain(TRACE);
    nextExemplarTurn();
    fn.cell?.observe(4.5, 'ok', undefined, scopeOf('a'.repeat(32), 1));
    expect(bucket()).toContain('a'.repeat(32));
    setTraceKept((traceId) => traceId === TRACE);
    expect(bucket()).toMatch(/\} 4$/);
    setTraceKept(undefined);
    stop();
  });

  it('stays flat and bounded however many functions there are', () => {
    const stop = bindCalls(5);
    for (let i = 0; i < 50; i++) defineFunction(`many${i}`, 'm').cell?.observe(1, 'ok', undefined, ROOT);
    const page = lines();
    expect(page).toContain(
      'function_calls_total{function="overflow",module="overflow",result="overflow",caller_function="overflow",caller_module="overflow"} 45',
    );
    expect(page.filter((line) => line.startsWith('function_calls_total'))).toHaveLength(6);
    stop();
  });
});

describe('errors_total', () => {
  it('counts reported errors, with trace and error ID as the exemplar', () => {
    const stop = countErrors();
    const event: ErrorReported = {
      id: '7X2K-9QD4-MB3H-TRVG',
      type: 'orders/card-declined',
      kind: 'known',
      severity: 13,
      level: 'warn',
      logger: 'orders',
      traceId: TRACE,
      line: '',
      record: {} as ErrorRecord,
      error: undefined,
      boundary: 'payments',
      scope: ROOT,
    };
    errorReported.publish(event);
    errorReported.publish(event);
    const line = lines('openmetrics').find((l) => l.startsWith('errors_total{'));
    expect(line).toMatch(
      new RegExp(
        `^errors_total\\{error_type="orders/card-declined",kind="known",boundary="payments"\\} 2 # \\{trace_id="${TRACE}",error_id="7X2K-9QD4-MB3H-TRVG"\\} 1 \\d+\\.\\d{3}$`,
      ),
    );
    stop();
    errorReported.publish(event);
    expect(lines().find((l) => l.startsWith('errors_total{'))).toMatch(/\} 2$/);
  });
});
