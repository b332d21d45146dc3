import type { Dashboard } from './dashboard.ts';
import { prom, stateTimeline, timeseries } from './panel.ts';
import { ENVIRONMENT, OF_SERVICE, SERVICE } from './variables.ts';

const STATES = [
  { title: 'closed', color: 'green' },
  { title: 'half open', color: 'yellow' },
  { title: 'open', color: 'red' },
  { title: 'forced open', color: 'dark-red' },
];
const inState = (state: string): string => `sum without (state) (resilience4j_circuitbreaker_state{${OF_SERVICE}, state="${state}"})`;
/** The worst state of all instances, as a number: the index in {@link STATES}. */
const STATE = `max by (service_name, name) (${inState('half_open')} + 2 * ${inState('open')} + 3 * ${inState('forced_open')})`;

/** How much a second, by the labels that tell the lines apart. */
const rates = (metric: string, by: readonly string[]) =>
  prom(`sum by (${by.join(', ')}) (rate(${metric}{${OF_SERVICE}}[$__rate_interval]))`, by.map((label) => `{{${label}}}`).join(' '));
const lowest = (metric: string) => prom(`min by (name) (${metric}{${OF_SERVICE}})`, '{{name}}');
const highest = (metric: string) => prom(`max by (name) (${metric}{${OF_SERVICE}})`, '{{name}}');
/** Percent of calls; -1 stands for too few of them. */
const share = (metric: string) => prom(`max by (name) (${metric}{${OF_SERVICE}}) >= 0`, '{{name}}');
const p95 = (metric: string, by: readonly string[] = ['name']) =>
  prom(
    `histogram_quantile(0.95, sum by (le, ${by.join(', ')}) (rate(${metric}_bucket{${OF_SERVICE}}[$__rate_interval])))`,
    by.map((label) => `{{${label}}}`).join(' '),
  );
const THIRD = { width: 8 };

/** What calls wait for, what is refused, tried again, answered by something else. */
export const RESILIENCE: Dashboard = {
  uid: 'sonde-resilience',
  title: 'Sonde / Resilience',
  description: 'Breakers, retries, time limits, bulkheads and rate limits under the names of resilience4j; hedges, fallbacks and caches.',
  from: 'now-3h',
  variables: [SERVICE, ENVIRONMENT],
  rows: [
    {
      title: 'Breakers',
      panels: [
        stateTimeline('State of each breaker', STATES, [prom(STATE, '{{service_name}} {{name}}')], { help: 'The worst of all instances.' }),
        timeseries('Breakers: calls by kind', 'ops', [rates('resilience4j_circuitbreaker_calls_seconds_count', ['name', 'kind'])], THIRD),
        timeseries('Breakers: refused a second', 'ops', [rates('resilience4j_circuitbreaker_not_permitted_calls_total', ['name'])], THIRD),
        timeseries('Breakers: p95 by kind', 's', [p95('resilience4j_circuitbreaker_calls_seconds', ['name', 'kind'])], THIRD),
        timeseries('Failure rate', 'percent', [share('resilience4j_circuitbreaker_failure_rate')], {
          ...THIRD,
          max: 100,
          help: 'Of the calls that the breaker looks at; nothing where they are too few, or where it counts failures in a row.',
        }),
        timeseries('Slow calls', 'percent', [share('resilience4j_circuitbreaker_slow_call_rate')], {
          ...THIRD,
          max: 100,
          help: 'As the failure rate; nothing where no call is called slow.',
        }),
        timeseries(
          'Calls that the rates are taken of',
          'short',
          [prom(`sum by (name, kind) (resilience4j_circuitbreaker_buffered_calls{${OF_SERVICE}})`, '{{name}} {{kind}}')],
          THIRD,
        ),
        timeseries('Changes of state', 'short', [
          prom(`sum by (name, state) (increase(resilience4j_circuitbreaker_transitions_total{${OF_SERVICE}}[$__rate_interval]))`, '{{name}} to {{state}}'),
        ]),
        timeseries(
          'Share of time open',
          'percentunit',
          [prom(`max by (name) (rate(resilience4j_circuitbreaker_open_seconds_total{${OF_SERVICE}}[$__rate_interval]))`, '{{name}}')],
          { max: 1 },
        ),
      ],
    },
    {
      title: 'Retries and time limits',
      panels: [
        timeseries('Retries: calls by kind', 'ops', [rates('resilience4j_retry_calls_total', ['name', 'kind'])], { ...THIRD, stacked: true }),
        timeseries('Retries: not made, the budget was used up', 'ops', [rates('sonde_retry_refused_total', ['name'])], THIRD),
        timeseries('Time limits: calls by kind', 'ops', [rates('resilience4j_timelimiter_calls_total', ['name', 'kind'])], { ...THIRD, stacked: true }),
      ],
    },
    {
      title: 'Bulkheads and rate limits',
      panels: [
        timeseries(
          'Bulkheads: places taken',
          'percentunit',
          [
            prom(
              `1 - min by (name) (resilience4j_bulkhead_available_concurrent_calls{${OF_SERVICE}} / resilience4j_bulkhead_max_allowed_concurrent_calls{${OF_SERVICE}})`,
              '{{name}}',
            ),
          ],
          { ...THIRD, max: 1, thresholds: [0.8, 1] },
        ),
        timeseries('Bulkheads: wait for a place, p95', 's', [p95('resilience4j_bulkhead_wait_seconds')], THIRD),
        timeseries('Bulkheads: refused a second', 'ops', [rates('resilience4j_bulkhead_refused_calls_total', ['name'])], THIRD),
        timeseries('Rate limits: permissions left', 'short', [lowest('resilience4j_ratelimiter_available_permissions')], { width: 6 }),
        timeseries('Rate limits: calls that wait', 'short', [highest('resilience4j_ratelimiter_waiting_threads')], { width: 6 }),
        timeseries('Rate limits: wait, p95', 's', [p95('resilience4j_ratelimiter_wait_seconds')], { width: 6 }),
        timeseries('Rate limits: refused a second', 'ops', [rates('resilience4j_ratelimiter_refused_calls_total', ['name'])], { width: 6 }),
      ],
    },
    {
      title: 'Hedges, fallbacks, caches',
      panels: [
        timeseries('Hedges: calls by kind', 'ops', [rates('sonde_hedge_calls_total', ['name', 'kind'])], { ...THIRD, stacked: true }),
        timeseries(
          'Hedges: further attempts',
          'ops',
          [
            prom(`sum by (name) (rate(sonde_hedge_extra_attempts_total{${OF_SERVICE}}[$__rate_interval]))`, '{{name}} made'),
            prom(`sum by (name) (rate(sonde_hedge_refused_attempts_total{${OF_SERVICE}}[$__rate_interval]))`, '{{name}} over the budget'),
          ],
          THIRD,
        ),
        timeseries('Fallbacks: calls by kind', 'ops', [rates('sonde_fallback_calls_total', ['name', 'kind'])], { ...THIRD, stacked: true }),
        timeseries(
          'Caches: share of calls answered from them',
          'percentunit',
          [
            prom(
              `sum by (name) (rate(sonde_cache_calls_total{${OF_SERVICE}, kind!="miss"}[$__rate_interval])) / sum by (name) (rate(sonde_cache_calls_total{${OF_SERVICE}}[$__rate_interval]))`,
              '{{name}}',
            ),
          ],
          { ...THIRD, max: 1 },
        ),
        timeseries('Caches: calls by kind', 'ops', [rates('sonde_cache_calls_total', ['name', 'kind'])], { ...THIRD, stacked: true }),
        timeseries('Caches: entries', 'short', [prom(`sum by (name) (sonde_cache_entries{${OF_SERVICE}})`, '{{name}}')], THIRD),
      ],
    },
  ],
};
