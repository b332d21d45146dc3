/** Whether the receiver takes records, as a value. */
export type DeliveryState =
  | { readonly kind: 'up' }
  /**
   * Not before `retryAtMono` (monotonic milliseconds) is it tried again; `attempt` failures in a row. `asked`: the
   * receiver itself asked for the pause, so that nothing may cut it short.
   */
  | { readonly kind: 'down'; readonly attempt: number; readonly retryAtMono: number; readonly asked: boolean };

export type DeliveryEvent = { readonly kind: 'taken' } | { readonly kind: 'failed'; readonly afterMs: number | undefined };

export const UP: DeliveryState = { kind: 'up' };

/** First pause; doubled with each failure. */
const FIRST_PAUSE_MS = 500;
/** Longest pause: a receiver that is back gets its records within half a minute. */
const LONGEST_PAUSE_MS = 30_000;

/** The next state. `random` (0 to 1) spreads the attempts of many processes over the second half of the pause. */
export function nextState(state: DeliveryState, event: DeliveryEvent, nowMono: number, random: number): DeliveryState {
  if (event.kind === 'taken') return UP;
  const attempt = state.kind === 'down' ? state.attempt + 1 : 1;
  const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempt - 1)) * (0.5 + random / 2);
  return { kind: 'down', attempt, retryAtMono: nowMono + Math.max(pauseMs, event.afterMs ?? 0), asked: event.afterMs !== undefined };
}
