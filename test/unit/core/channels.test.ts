import { subscribe } from 'node:diagnostics_channel';
import { expect, it } from 'vitest';
import { channel } from '../../../src/core/channels.ts';

it('carries messages to its listeners until they leave, and knows whether there is one', () => {
  const numbers = channel<number>('test.numbers');
  const heard: number[] = [];
  expect(numbers.active).toBe(false);
  const stop = numbers.subscribe((n) => heard.push(n));
  expect(numbers.active).toBe(true);
  numbers.publish(1);
  stop();
  numbers.publish(2);
  expect([heard, numbers.active]).toEqual([[1], false]);
});

it('a listener that throws reaches neither the publisher nor the other listeners', () => {
  const events = channel<string>('test.throwing');
  const heard: string[] = [];
  const stops = [
    events.subscribe(() => {
      throw new Error('mine');
    }),
    events.subscribe((text) => heard.push(text)),
  ];
  expect(() => events.publish('a')).not.toThrow();
  for (const stop of stops) stop();
  expect(heard).toEqual(['a']);
});

it('is a channel of diagnostics_channel, shared by copies of the package', () => {
  const heard: unknown[] = [];
  subscribe('sonde:test.shared', (message) => heard.push(message));
  channel('test.shared').publish({ a: 1 });
  expect(heard).toEqual([{ a: 1 }]);
});
