import { describe, expect, it } from 'vitest';
import { headOf, messageOf, stackText, typeNameOf } from '../../../src/errors/stack.ts';

/** The text with the frames of each error as one line. */
const outline = (error: unknown): string[] =>
  stackText(error)
    .split('\n')
    .filter((line) => !/^\s+at /.test(line));

describe('stackText', () => {
  it('shows causes as blocks, outermost first', () => {
    const error = new Error('outer', { cause: new TypeError('middle', { cause: new RangeError('inner') }) });
    expect(outline(error)).toEqual(['Error: outer', 'Caused by: TypeError: middle', 'Caused by: RangeError: inner']);
    expect(stackText(error).match(/at .*stack\.test/g)?.length).toBeGreaterThanOrEqual(3);
  });

  it('indents the members of an aggregate, with their causes', () => {
    const error = new AggregateError([new Error('a', { cause: new Error('a1') }), 'text'], 'both', { cause: new Error('why') });
    expect(outline(error)).toEqual([
      'AggregateError: both',
      '    [0] Error: a',
      '    Caused by: Error: a1',
      '    [1] string: text',
      '        [no stack: a string was thrown; it was reported here]',
      'Caused by: Error: why',
    ]);
  });

  it('keeps the frames of an error with a message of megabytes', () => {
    const text = stackText(new Error('m'.repeat(10_000_000)));
    expect(text.length).toBeLessThan(30_000);
    expect(text).toMatch(/^Error: m+… \[\d+ more characters\]\n {4}at .*stack\.test/);
  });

  it('looks at a message of line ends and blanks once', () => {
    for (const message of ['\n'.repeat(2_000_000), '\n '.repeat(1_000_000), ' '.repeat(2_000_000)]) {
      const error = new Error('x');
      error.message = message; // unlike the stack's head, which is then looked for
      error.stack = `Error: ${message}${error.stack?.slice('Error: x'.length)}`;
      error.message = 'another';
      expect(stackText(error)).toMatch(/\n {4}at .*stack\.test/);
    }
  });

  it('shows where a chain of thousands began, says how many members an aggregate has, and reads no more than it shows', () => {
    let chain = new Error('root');
    for (let i = 0; i < 10_000; i++) chain = new Error(`layer ${i}`, { cause: chain });
    expect(outline(chain).slice(-3)).toEqual(['Caused by: Error: layer 9979', '… [9979 more causes]', 'Caused by: Error: root']);
    expect(outline(new AggregateError(Array.from({ length: 100_000 }, (_, i) => new Error(`m${i}`))))).toContain('    … [99980 more errors]');
    let read = 0;
    const counting = (): Error =>
      Object.defineProperty(new Error('z'), 'stack', {
        get() {
          read++;
          return `Error: z\n${'    at f (/app/a.js:1:1)\n'.repeat(20)}`;
        },
      });
    const crowd = (depth: number): Error =>
      depth === 0
        ? counting()
        : new AggregateError(
            Array.from({ length: 20 }, () => crowd(depth - 1)),
            'crowd',
          );
    expect(stackText(crowd(3)).length).toBeLessThan(70_000);
    expect(read).toBeLessThan(500); // of 8,000
  });

  it('keeps both ends of thousands of frames, and what caused them', () => {
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = Number.POSITIVE_INFINITY;
    try {
      const dive = (depth: number): Error => (depth > 0 ? dive(depth - 1) : new Error('deep', { cause: new TypeError('why') }));
      const start = (): Error => dive(3_000);
      const text = stackText(start());
      expect(text.length).toBeLessThan(65_536);
      expect(text).toMatch(/^Error: deep\n {4}at dive .*\n[^]*… \[\d+ more characters of frames\]\n[^]*at start [^]*Caused by: TypeError: why\n {4}at dive/);
    } finally {
      Error.stackTraceLimit = limit;
    }
  });

  it('ends where causes go round in a circle', () => {
    const a = new Error('a');
    const b = new Error('b', { cause: a });
    a.cause = b;
    expect(outline(a)).toEqual(['Error: a', 'Caused by: Error: b', 'Caused by: [circular: Error: a]']);
  });

  it('ends in a chain without end and in a crowd', () => {
    let error = new Error('0');
    for (let i = 1; i < 1_000; i++) error = new Error(String(i), { cause: error });
    expect(outline(error).length).toBeLessThan(30);
    expect(outline(new AggregateError(Array.from({ length: 1_000 }, (_, i) => new Error(String(i))))).length).toBeLessThan(30);
    expect(stackText(new Error('x'.repeat(1_000_000))).length).toBeLessThan(70_000);
  });

  it('shows a message that was set after the error was made', () => {
    const error = new Error('first');
    void error.stack;
    error.message = 'second';
    expect(outline(error)).toEqual(['Error: second']);
    const late = new Error('first');
    late.name = 'LateError';
    late.message = 'second';
    expect(outline(late)).toEqual(['LateError: second']);
  });

  it('keeps a message of several lines and the code that Node writes into the head', () => {
    expect(outline(new Error('one\ntwo'))).toEqual(['Error: one', 'two']);
    const coded = Object.assign(new RangeError('too big'), { stack: 'RangeError [ERR_OUT_OF_RANGE]: too big\n    at alloc (node:buffer:1:1)' });
    expect(outline(coded)).toEqual(['RangeError [ERR_OUT_OF_RANGE]: too big']);
  });

  it('takes `errors` that hold something else for data', () => {
    expect(outline(Object.assign(new Error('invalid'), { errors: [{ path: '/name' }] }))).toEqual(['Error: invalid']);
  });
});

describe('names and messages of what was thrown', () => {
  class Custom extends Error {}
  it.each([
    [new Custom('x'), 'Custom', 'Custom: x'],
    [new TypeError('x'), 'TypeError', 'TypeError: x'],
    [new DOMException('x', 'AbortError'), 'AbortError', 'AbortError: x'],
    [Object.assign(new Error('x'), { name: 'Named' }), 'Named', 'Named: x'],
    [new Error(''), 'Error', 'Error'],
    ['text', 'string', 'string: text'],
    [null, 'null', 'null: null'],
    [undefined, 'undefined', 'undefined: undefined'],
    [{ a: 1 }, 'Object', 'Object: {"a":1}'],
    [{ message: 'like an error' }, 'Object', 'Object: like an error'],
  ])('%s', (thrown, type, head) => {
    expect(typeNameOf(thrown)).toBe(type);
    expect(headOf(thrown)).toBe(head);
  });

  it('bounds the text of an object', () => {
    expect(messageOf({ text: 'x'.repeat(100_000) }).length).toBe(2_000);
  });
});
