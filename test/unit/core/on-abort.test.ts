import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { onAbort } from '../../../src/core/on-abort.ts';

describe('onAbort', () => {
  it('has one listener for many who wait, and none when they have gone', () => {
    const { signal } = new AbortController();
    const undos = Array.from({ length: 50 }, () => onAbort(signal, () => {}));
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    for (const undo of undos) undo();
    for (const undo of undos) undo();
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('calls each once, in their order, those that left not', () => {
    const controller = new AbortController();
    const called: string[] = [];
    const twice = (): unknown => called.push('twice');
    onAbort(controller.signal, () => called.push('first'));
    const leave = onAbort(controller.signal, () => called.push('left'));
    onAbort(controller.signal, twice);
    onAbort(controller.signal, twice);
    leave();
    controller.abort();
    controller.abort();
    expect(called).toEqual(['first', 'twice', 'twice']);
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  });

  it('calls none that leaves, or comes, while it calls', () => {
    const controller = new AbortController();
    const called: string[] = [];
    onAbort(controller.signal, () => {
      leave();
      onAbort(controller.signal, () => called.push('late'));
    });
    const leave = onAbort(controller.signal, () => called.push('left'));
    controller.abort();
    expect(called).toEqual([]);
  });
});
