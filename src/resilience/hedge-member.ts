import { HedgeBudget } from './hedge-budget.ts';
import { Latencies } from './latencies.ts';
import { Members } from './members.ts';

/** When further attempts begin, and how many. */
export interface HedgePlan {
  /** Milliseconds, or the share of the own calls that took less, such as 0.95. */
  readonly after: { readonly ms: number } | { readonly share: number };
  /** Attempts of a call, the first included. */
  readonly max: number;
  /** Extra calls for each call. */
  readonly budget: number;
}

/** What all hedged functions of a name share. */
export class HedgeMember {
  readonly name: string;
  readonly max: number;
  readonly latencies: Latencies = new Latencies();
  readonly budget: HedgeBudget;
  readonly #after: HedgePlan['after'];
  first = 0;
  hedgedWon = 0;
  hedgedLost = 0;
  failed = 0;
  extra = 0;
  refused = 0;

  constructor(name: string, { after, max, budget }: HedgePlan) {
    this.name = name;
    this.max = max;
    this.budget = new HedgeBudget(budget);
    this.#after = after;
  }

  /** Milliseconds until the next attempt; `undefined` while that is not known. */
  get afterMs(): number | undefined {
    return 'ms' in this.#after ? this.#after.ms : this.latencies.quantile(this.#after.share);
  }
}

export const hedgeMembers: Members<HedgeMember> = new Members('hedge', [
  {
    type: 'counter',
    name: 'sonde_hedge_calls_total',
    help: 'Hedged calls, by how they ended: with the first attempt alone, with a further one, with the first although there were others, with an error',
    labels: ['name', 'kind'],
    read: ({ first, hedgedWon, hedgedLost, failed }) => [
      { labels: { kind: 'first' }, value: first },
      { labels: { kind: 'hedged_won' }, value: hedgedWon },
      { labels: { kind: 'hedged_lost' }, value: hedgedLost },
      { labels: { kind: 'failed' }, value: failed },
    ],
  },
  {
    type: 'counter',
    name: 'sonde_hedge_extra_attempts_total',
    help: 'Attempts beyond the first of a hedged call',
    labels: ['name'],
    read: ({ extra }) => [{ value: extra }],
  },
  {
    type: 'counter',
    name: 'sonde_hedge_refused_attempts_total',
    help: 'Further attempts that the budget did not allow',
    labels: ['name'],
    read: ({ refused }) => [{ value: refused }],
  },
]);
