import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { withoutOwnFrames } from '../../../src/errors/own-frames.ts';

const own = new URL('../../../src/trace/traced-call.ts', import.meta.url);

it('takes out the frames of this package, written as an address or as a path', () => {
  const stack = [
    'Error: no',
    '    at price (/app/pricing.js:3:1)',
    `    at run (${own.href}:58:17)`,
    `    at ${fileURLToPath(own)}:32:14`,
    '    at place (/app/orders.js:9:2)',
  ];
  expect(withoutOwnFrames(stack.join('\n'))).toBe('Error: no\n    at price (/app/pricing.js:3:1)\n    at place (/app/orders.js:9:2)');
});

it('keeps a stack that has no other frames, and text that only looks like one', () => {
  const alone = `Error: ours\n    at run (${own.href}:58:17)`;
  expect(withoutOwnFrames(alone)).toBe(alone);
  const message = `Error: see ${own.href}\n    at place (/app/orders.js:9:2)`;
  expect(withoutOwnFrames(message)).toBe(message);
});
