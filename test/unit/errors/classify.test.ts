import { expect, it } from 'vitest';
import { classify } from '../../../src/errors/classify.ts';

it.each([
  [400, 400],
  [599, 599],
  [99, 500],
  [200, 500],
  [999, 500],
  [404.5, 500],
  [Number.NaN, 500],
])('a status of %s is answered as %s', (asked, status) => {
  expect(classify(new Error('x'), { status: asked }).status).toBe(status);
});
