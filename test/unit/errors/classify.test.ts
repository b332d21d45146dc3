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

it.each([['nope'], [5], [null]])('a kind of %s is none: it would be a label of a metric, and the sentence of a known case', (kind) => {
  expect(classify(new Error('x'), { kind: kind as never })).toMatchObject({ kind: 'bug', severity: 17 });
});
