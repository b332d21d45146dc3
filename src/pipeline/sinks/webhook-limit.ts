/** What is remembered of one fingerprint: a value, so that it can be kept on disk. */
export interface FingerprintState {
  readonly sentMs: number;
  /** Occurrences since then. */
  readonly since: number;
}
export type LimitState = Readonly<Record<string, FingerprintState>>;

/** What is to be done with one bug. */
export interface Decision {
  readonly state: LimitState;
  /** Whether it is told now, and how many occurrences that stands for. */
  readonly deliver: { readonly occurrences: number; readonly isFirst: boolean } | undefined;
}

const MAX_FINGERPRINTS = 1_000; // bugs of one service that a tracker could still care for; the longest silent is forgotten

/** Tells each fingerprint at most once in `everyMs`; what comes between is counted and told with the next one. */
export function decide(state: LimitState, fingerprint: string, everyMs: number, nowMs: number): Decision {
  const known = state[fingerprint];
  // A clock that was set back must not silence a bug for ever.
  if (known !== undefined && nowMs >= known.sentMs && nowMs - known.sentMs < everyMs) {
    return { state: { ...state, [fingerprint]: { sentMs: known.sentMs, since: known.since + 1 } }, deliver: undefined };
  }
  const next: Record<string, FingerprintState> = { ...state, [fingerprint]: { sentMs: nowMs, since: 0 } };
  const names = Object.keys(next);
  if (names.length > MAX_FINGERPRINTS) {
    const oldest = names.reduce((a, b) => ((next[a] as FingerprintState).sentMs <= (next[b] as FingerprintState).sentMs ? a : b));
    delete next[oldest];
  }
  return { state: next, deliver: { occurrences: 1 + (known?.since ?? 0), isFirst: known === undefined } };
}
