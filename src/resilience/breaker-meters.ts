import type { BreakerMember } from './breaker-member.ts';
import type { BreakerState } from './breaker-state.ts';
import type { MemberMeter } from './members.ts';

const STATES = ['closed', 'open', 'half_open', 'forced_open'] as const satisfies readonly BreakerState[];
const TOO_FEW = -1; // as resilience4j: no rate yet

const percent = (share: number | undefined): number => (share === undefined ? TOO_FEW : share * 100);

/** What is metered of each breaker, under resilience4j's names and three of ours. */
export const BREAKER_METERS: readonly MemberMeter<BreakerMember>[] = [
  {
    type: 'gauge',
    name: 'resilience4j_circuitbreaker_state',
    help: 'Whether a circuit breaker is in this state: 1 or 0',
    labels: ['name', 'state'],
    read: (member) => {
      const now = member.state;
      return STATES.map((state) => ({ labels: { state }, value: state === now ? 1 : 0 }));
    },
  },
  {
    type: 'counter',
    name: 'resilience4j_circuitbreaker_not_permitted_calls_total',
    help: 'Calls that a circuit breaker refused',
    labels: ['name', 'kind'],
    read: ({ refused }) => [{ labels: { kind: 'not_permitted' }, value: refused }],
  },
  {
    type: 'gauge',
    name: 'resilience4j_circuitbreaker_failure_rate',
    help: 'Failed calls of the window in percent; -1 while too few were made',
    labels: ['name'],
    read: ({ figures }) => [{ value: percent(figures.failureRate) }],
  },
  {
    type: 'gauge',
    name: 'resilience4j_circuitbreaker_slow_call_rate',
    help: 'Slow calls of the window in percent; -1 while too few were made, or where no call is called slow',
    labels: ['name'],
    read: ({ figures }) => [{ value: percent(figures.slowRate) }],
  },
  {
    type: 'gauge',
    name: 'resilience4j_circuitbreaker_buffered_calls',
    help: 'Calls that the rates are taken of',
    labels: ['name', 'kind'],
    read: ({ figures }) => [
      { labels: { kind: 'successful' }, value: figures.successes },
      { labels: { kind: 'failed' }, value: figures.failures },
    ],
  },
  {
    type: 'counter',
    name: 'resilience4j_circuitbreaker_transitions_total',
    help: 'How often a circuit breaker came into this state',
    labels: ['name', 'state'],
    read: ({ entered }) => STATES.map((state) => ({ labels: { state }, value: entered[state] })),
  },
  {
    type: 'counter',
    name: 'resilience4j_circuitbreaker_open_seconds_total',
    help: 'How long a circuit breaker was open, forced or not',
    labels: ['name'],
    read: ({ totalOpenMs }) => [{ value: totalOpenMs / 1_000 }],
  },
];
