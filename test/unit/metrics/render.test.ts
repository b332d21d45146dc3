import client from 'prom-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock, useClock } from '../../../src/core/clock.ts';
import { useDiagWriter } from '../../../src/core/diag.ts';
import { counter } from '../../../src/metrics/counter.ts';
import { histogram } from '../../../src/metrics/histogram.ts';
import { clearRegistry } from '../../../src/metrics/registry.ts';
import { leavePromClient, renderMetrics } from '../../../src/metrics/render.ts';
import { startMetrics } from '../../../src/metrics/start-metrics.ts';

beforeEach(clearRegistry);
afterEach(async () => {
  await leavePromClient();
  client.register.clear();
  client.register.setContentType(client.Registry.PROMETHEUS_CONTENT_TYPE as never);
});

describe('renderMetrics', () => {
  it('answers in the format that was asked for', async () => {
    counter('c_total', { help: 'C' }).inc();
    const text = await renderMetrics(undefined);
    expect(text).toEqual({ contentType: 'text/plain; version=0.0.4; charset=utf-8', body: '# HELP c_total C\n# TYPE c_total counter\nc_total 1\n' });
    const open = await renderMetrics('application/openmetrics-text; version=1.0.0');
    expect(open).toEqual({
      contentType: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
      body: '# HELP c C\n# TYPE c counter\nc_total 1\n# EOF\n',
    });
  });

  it("appends the application's own prom-client metrics, exemplars included", async () => {
    new client.Counter({ name: 'theirs_total', help: 'Theirs', labelNames: ['a'] }).inc({ a: 'x"y' }, 3);
    client.register.setContentType(client.Registry.OPENMETRICS_CONTENT_TYPE as never);
    const h = new client.Histogram({ name: 'their_seconds', help: 'H', buckets: [0.1, 1], enableExemplars: true });
    h.observe({ value: 0.5, exemplarLabels: { trace_id: 'abc' } });
    new client.Summary({ name: 'their_summary', help: 'S', percentiles: [0.5] }).observe(2);
    counter('ours_total', { help: 'Ours' }).inc();
    const { body } = await renderMetrics('application/openmetrics-text');
    expect(body).toContain('# TYPE ours counter\nours_total 1\n');
    expect(body).toContain('# HELP theirs Theirs\n# TYPE theirs counter\ntheirs_total{a="x\\"y"} 3\n');
    expect(body).toMatch(/their_seconds_bucket\{le="1\.0"\} 1 # \{trace_id="abc"\} 0\.5 \d+\.\d{3}\n/);
    expect(body).toContain('their_summary{quantile="0.5"} 2\n');
    expect(body.endsWith('# EOF\n')).toBe(true);
    const page = await client.register.metrics(); // prom-client's own page, in the same format
    expect(page).toContain('# TYPE ours counter\nours_total 1\n');
    expect((await renderMetrics('application/openmetrics-text')).body.replace(/ \d+\.\d{3}\n/g, '\n')).toBe(body.replace(/ \d+\.\d{3}\n/g, '\n'));
  });

  it("leaves out sums of negative measurements of the application's metrics, which OpenMetrics does not take", async () => {
    const h = new client.Histogram({ name: 'their_change', help: 'H', buckets: [0, 1], labelNames: ['a'] });
    h.observe({ a: 'down' }, -3);
    h.observe({ a: 'up' }, 0.5);
    new client.Histogram({ name: 'their_both', help: 'H', buckets: [-1, 1] }).observe(0.5);
    const { body } = await renderMetrics('application/openmetrics-text');
    expect(body.split('\n').filter((line) => /^their_(change|both)/.test(line))).toEqual([
      'their_change_bucket{le="0.0",a="down"} 1',
      'their_change_bucket{le="1.0",a="down"} 1',
      'their_change_bucket{le="+Inf",a="down"} 1',
      'their_change_bucket{le="0.0",a="up"} 0',
      'their_change_bucket{le="1.0",a="up"} 1',
      'their_change_bucket{le="+Inf",a="up"} 1',
      'their_change_sum{a="up"} 0.5',
      'their_change_count{a="up"} 1',
      'their_both_bucket{le="-1.0"} 0',
      'their_both_bucket{le="1.0"} 1',
      'their_both_bucket{le="+Inf"} 1',
    ]);
    expect((await renderMetrics('text/plain')).body).toContain('their_change_sum{a="down"} -3\n');
  });

  it("shows our metrics in prom-client's registry, also those defined later", async () => {
    counter('ours_total', { help: 'Ours', labels: ['a'] }).inc({ a: '1' });
    await renderMetrics(undefined);
    histogram('later', { help: 'Later', buckets: [1] }).observe(0.5);
    const page = await client.register.metrics();
    expect(page).toContain('ours_total{a="1"} 1');
    expect(page).toContain('later_bucket{le="1.0"} 1');
    expect(page).toContain('later_bucket{le="+Inf"} 1');
    expect(page).toContain('later_sum 0.5');
    await leavePromClient();
    expect(client.register.getSingleMetric('ours_total')).toBeUndefined();
  });

  it('shows a name once where both have it, and says so once', async () => {
    const said: string[] = [];
    const restore = useDiagWriter((line) => said.push(line));
    new client.Counter({ name: 'both_total', help: 'Theirs' }).inc(7);
    new client.Gauge({ name: 'both2_count', help: 'Theirs' }).set(7);
    counter('both_total', { help: 'Ours' }).inc();
    histogram('both2', { help: 'Ours' });
    for (let i = 0; i < 2; i++) {
      const { body } = await renderMetrics(undefined);
      expect(body.match(/both_total \d/g)).toEqual(['both_total 1']);
      expect(body.match(/^both2_count \d/gm)).toEqual(['both2_count 0']);
    }
    restore();
    expect(said).toEqual([
      'sonde: the metric "both_total" exists in prom-client and in Sonde (as "both_total"); /metrics shows Sonde\'s, give one of them another name\n',
      'sonde: the metric "both2_count" exists in prom-client and in Sonde (as "both2"); /metrics shows Sonde\'s, give one of them another name\n',
    ]);
  });

  it('does not wait for a metric of the application that never answers', async () => {
    const said: string[] = [];
    const restores = [useDiagWriter((line) => said.push(line))];
    new client.Gauge({ name: 'endless', help: 'E', collect: () => new Promise<void>(() => {}) });
    new client.Gauge({ name: 'prompt', help: 'P' }).set(1);
    restores.push(
      useClock({
        ...systemClock,
        setTimeout(fn, ms) {
          expect(ms).toBe(2_000);
          return systemClock.setTimeout(fn, 1);
        },
      }),
    );
    const { body } = await renderMetrics(undefined);
    for (const restore of restores) restore();
    expect(body).toContain('prompt 1\n');
    expect(body).not.toContain('endless');
    expect(said).toEqual(['sonde: the prom-client metric "endless" cannot be read: no answer within 2000 ms; it is left out of /metrics\n']);
  });

  it("stands beside prom-client's default metrics, whoever comes first", async () => {
    const said: string[] = [];
    const restore = useDiagWriter((line) => said.push(line));
    const metrics = startMetrics();
    await renderMetrics(undefined);
    client.collectDefaultMetrics(); // after ours were shown: a name that is there already would throw here
    const { body } = await renderMetrics(undefined);
    for (const name of ['process_cpu_seconds_total', 'process_resident_memory_bytes', 'process_start_time_seconds']) {
      expect(body.match(new RegExp(`^${name} `, 'gm')), name).toHaveLength(1);
      expect(body.match(new RegExp(`^# TYPE ${name} `, 'gm')), name).toHaveLength(1);
    }
    expect(body).toContain('nodejs_eventloop_lag_seconds');
    expect(body).toContain('nodejs_eventloop_delay_p99_seconds');
    expect(said).toEqual([]);
    await metrics.stop();
    restore();
  });

  it('serves the page without a metric of the application that fails', async () => {
    const restore = useDiagWriter(() => {});
    new client.Gauge({
      name: 'broken',
      help: 'B',
      collect() {
        throw new Error('no');
      },
    });
    counter('fine_total', { help: 'F' }).inc();
    const { body } = await renderMetrics(undefined);
    restore();
    expect(body).toContain('fine_total 1');
    expect(body).not.toContain('broken');
  });
});

describe('startMetrics', () => {
  it('adds the runtime, the ledger and the count of overflow', async () => {
    const none = { sampled: 0, queue_full: 0, too_large: 0, rejected: 0, expired: 0, spool_full: 0, redacted: 0 };
    const entry = { produced: 5, stored: 3, sent: 0, spooled: 0, pending: 1, dropped: { ...none, queue_full: 1 } };
    const metrics = startMetrics({ ledger: () => ({ span: entry, log: entry, error: entry, metric: entry }) });
    const many = counter('many_total', { help: 'M', labels: ['a'], maxSeries: 1 });
    for (const a of ['1', '2', '3']) many.inc({ a });
    const { body } = await renderMetrics(undefined);
    expect(body).toContain('sonde_telemetry_records_total{signal="span",outcome="produced"} 5\n');
    expect(body).toContain('sonde_telemetry_records_total{signal="log",outcome="dropped",reason="queue_full"} 1\n');
    expect(body).toContain('sonde_metric_overflow_total{metric="many_total"} 2\n');
    expect(body).toMatch(/^nodejs_eventloop_utilization_ratio [\d.e-]+$/m);
    expect(body).toMatch(/^nodejs_eventloop_delay_p99_seconds [\d.e-]+$/m);
    expect(body).toMatch(/^nodejs_eventloop_time_seconds_total\{nodejs_eventloop_state="active"\} [\d.e-]+$/m);
    expect(body).toMatch(/^v8js_memory_heap_used_bytes\{v8js_heap_space_name="old_space"\} \d+$/m);
    await metrics.stop();
  });
});
