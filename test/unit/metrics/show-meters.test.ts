import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TimerSeries } from '../../../src/core/meters.ts';
import { configureErrors } from '../../../src/errors/configure.ts';
import { allFamilies } from '../../../src/metrics/registry.ts';
import { renderMetrics } from '../../../src/metrics/render.ts';
import { showMeters } from '../../../src/metrics/show-meters.ts';
import { breaker } from '../../../src/resilience/breaker.ts';
import { Members } from '../../../src/resilience/members.ts';

let end: () => void;
let quiet: () => void;
beforeEach(() => {
  end = showMeters();
  quiet = configureErrors({ lastResort: () => {} });
});
afterEach(() => {
  quiet();
  end();
});

/** The lines of a metric on the page. */
async function page(metric: string): Promise<string[]> {
  const { body } = await renderMetrics(undefined);
  return body.split('\n').filter((line) => line.startsWith(metric));
}

describe('the page of /metrics', () => {
  it('shows a breaker with every series that it can have, from its making', async () => {
    breaker('page')(() => 1);
    const lines = (await page('resilience4j_circuitbreaker_')).filter((line) => line.includes('name="page"') && !line.includes('_bucket'));
    expect(lines.map((line) => line.replace('resilience4j_circuitbreaker_', ''))).toEqual(
      expect.arrayContaining([
        'calls_seconds_count{name="page",kind="successful"} 0',
        'calls_seconds_count{name="page",kind="failed"} 0',
        'calls_seconds_count{name="page",kind="ignored"} 0',
        'state{name="page",state="closed"} 1',
        'state{name="page",state="open"} 0',
        'not_permitted_calls_total{name="page",kind="not_permitted"} 0',
        'failure_rate{name="page"} -1',
        'slow_call_rate{name="page"} -1',
        'buffered_calls{name="page",kind="failed"} 0',
        'transitions_total{name="page",state="open"} 0',
        'open_seconds_total{name="page"} 0',
      ]),
    );
  });

  it('shows the same in OpenMetrics, where a counter has its name without _total', async () => {
    breaker('open-page')(() => 1);
    const { body } = await renderMetrics('application/openmetrics-text');
    expect(body).toContain('# TYPE resilience4j_circuitbreaker_not_permitted_calls counter\n');
    expect(body).toContain('resilience4j_circuitbreaker_not_permitted_calls_total{name="open-page",kind="not_permitted"} 0\n');
  });

  it('counts what happens between two looks', async () => {
    const call = breaker('counted-page', { consecutive: 1 })((): void => {
      throw new Error('no');
    });
    const state = (): Promise<string[]> => page('resilience4j_circuitbreaker_state{name="counted-page",state="open"}');
    expect(await state()).toEqual(['resilience4j_circuitbreaker_state{name="counted-page",state="open"} 0']);
    expect(call).toThrow('no');
    expect(call).toThrow('its breaker is open');
    expect(await state()).toEqual(['resilience4j_circuitbreaker_state{name="counted-page",state="open"} 1']);
    expect(await page('resilience4j_circuitbreaker_not_permitted_calls_total{name="counted-page"')).toEqual([
      'resilience4j_circuitbreaker_not_permitted_calls_total{name="counted-page",kind="not_permitted"} 1',
    ]);
  });

  it('has gauges of wrappers no more when it ended; what was counted stays', async () => {
    breaker('ended-page')(() => 1);
    expect(await page('resilience4j_circuitbreaker_failure_rate{name="ended-page"')).toHaveLength(1);
    end();
    expect(await page('resilience4j_circuitbreaker_failure_rate{name="ended-page"')).toEqual([]);
    end = showMeters();
    expect(await page('resilience4j_circuitbreaker_failure_rate{name="ended-page"')).toHaveLength(1);
  });
});

it('a kind of wrapper that is first made later is shown too', async () => {
  const read = ({ value }: { value: number }) => [{ value }];
  const members = new Members<{ value: number }>('late', [{ type: 'gauge', name: 'test_late_value', help: 'Late', labels: ['name'], read }]);
  expect(allFamilies().some(({ shape }) => shape.name === 'test_late_value')).toBe(false);
  members.named('x', undefined, () => ({ value: 7 }));
  expect(await page('test_late_value{')).toEqual(['test_late_value{name="x"} 7']);
});

it('a series of times is a histogram in seconds', async () => {
  const series = new TimerSeries({ name: 'test_late_seconds', help: 'Late', labels: ['name'] }, { name: 'x' });
  expect(await page('test_late_seconds_count')).toEqual(['test_late_seconds_count{name="x"} 0']);
  series.observe(0.2);
  expect(await page('test_late_seconds_sum')).toEqual(['test_late_seconds_sum{name="x"} 0.2']);
});
