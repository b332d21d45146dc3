/** What is remembered of one fingerprint. */
export interface FingerprintState {
  /** When it was told last, milliseconds since the Unix epoch. */
  readonly sentMs: number;
  /** Occurrences since then. */
  readonly since: number;
}

/** What is to be done with one bug. */
export interface Decision {
  readonly next: FingerprintState;
  /** Whether it is told now, and how many occurrences that stands for. */
  readonly deliver: { readonly occurrences: number; readonly isFirst: boolean } | undefined;
}

/** Tells a fingerprint at most once in `everyMs`; what comes between is counted and told with the next one. */
export function decide(known: FingerprintState | undefined, everyMs: number, nowMs: number): Decision {
  // A clock that was set back must not silence a bug for ever.
  if (known !== undefined && nowMs >= known.sentMs && nowMs - known.sentMs < everyMs) {
    return { next: { sentMs: known.sentMs, since: known.since + 1 }, deliver: undefined };
  }
  return { next: { sentMs: nowMs, since: 0 }, deliver: { occurrences: 1 + (known?.since ?? 0), isFirst: known === undefined } };
}
