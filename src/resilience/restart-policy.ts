/** When a ward may be restarted. */
export interface RestartPolicy {
  readonly initialMs: number;
  readonly maxMs: number;
  readonly factor: number;
  /** Restarts within {@link withinMs} beyond which the steward gives up. */
  readonly maxRestarts: number;
  readonly withinMs: number;
}

/** What is remembered of restarts: when the latest ones were. */
export interface RestartHistory {
  /** Monotonic milliseconds, oldest first; only those within the window. */
  readonly restarts: readonly number[];
}

export const NO_RESTARTS: RestartHistory = Object.freeze({ restarts: Object.freeze([]) });

/** What to do after a failure at `nowMs`: wait and restart, or give up. */
export type Decision =
  | { readonly kind: 'restart'; readonly delayMs: number; readonly history: RestartHistory }
  | { readonly kind: 'escalate'; readonly restarts: number };

/** The policy as a pure function: exponential back-off over the restarts in the window, and an end to them. */
export function decide(policy: RestartPolicy, history: RestartHistory, nowMs: number): Decision {
  const recent = history.restarts.filter((at) => nowMs - at < policy.withinMs);
  if (recent.length >= policy.maxRestarts) return { kind: 'escalate', restarts: recent.length };
  const delayMs = Math.min(policy.maxMs, policy.initialMs * policy.factor ** recent.length);
  return { kind: 'restart', delayMs, history: { restarts: [...recent, nowMs] } };
}
