import { describe, expect, it } from 'vitest';
import { type DeliveryState, nextState, UP } from '../../../src/pipeline/sinks/delivery-state.ts';

describe('the state of a delivery', () => {
  it('doubles its pause with each failure, up to half a minute', () => {
    let state: DeliveryState = UP;
    const pauses: number[] = [];
    for (let i = 0; i < 9; i++) {
      state = nextState(state, { kind: 'failed', afterMs: undefined }, 1_000, 1);
      if (state.kind === 'down') pauses.push(state.retryAtMono - 1_000);
    }
    expect(pauses).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  });

  it('spreads attempts over the second half of the pause', () => {
    expect(nextState(UP, { kind: 'failed', afterMs: undefined }, 0, 0)).toMatchObject({ retryAtMono: 250 });
  });

  it('waits at least as long as the receiver asks', () => {
    expect(nextState(UP, { kind: 'failed', afterMs: 60_000 }, 0, 1)).toMatchObject({ retryAtMono: 60_000, asked: true });
    expect(nextState(UP, { kind: 'failed', afterMs: 1 }, 0, 1)).toMatchObject({ retryAtMono: 500 });
  });

  it('is up again with the first record that is taken', () => {
    expect(nextState({ kind: 'down', attempt: 7, retryAtMono: 1e9, asked: true }, { kind: 'taken' }, 0, 0)).toEqual(UP);
  });
});
