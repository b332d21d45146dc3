import type { SloSubject } from './slo-subject.ts';

/** What calls are compared with: what running processes show, or the numbers that were declared for one function or route. */
export interface SloLimit {
  /** The labels of the one that promises; absent where the rule is for all. */
  readonly of?: Readonly<Record<string, string>>;
  /** The error ratio above which the budget burns `factor` times as fast as it may: the right side of a comparison. */
  allowed(factor: number): string;
  /** The latency promised, in seconds: the right side of a comparison. */
  readonly latency?: string;
  /** Labels of the series in the tests. */
  readonly example: Readonly<Record<string, string>>;
  /** Series that tell the promise in the tests, with the label set put in. */
  readonly told: (labels: string) => Readonly<Record<string, string>>;
  /** In the tests: a latency in seconds that breaks the promise, one that keeps it, and a share of errors that does. */
  readonly tested: { readonly slow: number; readonly quick: number; readonly errors: number };
}

// An objective of less than 0.9375 would allow more errors than there are calls at the fastest of the burn rates.
const MOST = 0.9;

/** One set of rules for every objective that a running process shows. */
export function shownLimit(subject: SloSubject): SloLimit {
  const by = subject.labels.join(', ');
  return {
    allowed: (factor) => `on (${by}) clamp_max(${factor} * (1 - max by (${by}) (${subject.objective})), ${MOST})`,
    latency: `on (${by}) max by (${by}) (${subject.latency})`,
    example: subject.example,
    told: (labels) => ({ [`${subject.objective}{${labels}}`]: '0.999x5000', [`${subject.latency}{${labels}}`]: '0.3x5000' }),
    tested: { slow: 1, quick: 0.1, errors: 0.0005 },
  };
}

/** Rules of their own for one that promises: they hold also while no process runs that would show it. */
export function declaredLimit(of: Readonly<Record<string, string>>, objective: number, latencySeconds: number | undefined): SloLimit {
  const share = (factor: number): number => Number(Math.min(MOST, factor * (1 - objective)).toPrecision(6));
  return {
    of,
    allowed: (factor) => String(share(factor)),
    ...(latencySeconds === undefined ? {} : { latency: String(latencySeconds) }),
    example: of,
    told: () => ({}),
    tested: { slow: (latencySeconds ?? 1) * 2, quick: (latencySeconds ?? 1) / 2, errors: share(1) / 2 },
  };
}
