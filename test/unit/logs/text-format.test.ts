import { describe, expect, it } from 'vitest';
import { textLine } from '../../../src/logs/text-format.ts';

const line = (fields: object): string => `${JSON.stringify({ level: 'info', timestamp: '2026-11-21T07:08:09.045Z', logger: 'orders', ...fields })}\n`;

describe('textLine', () => {
  it('puts time, level, logger, message, fields, error ID and short trace ID in one line', () => {
    expect(
      textLine(
        line({
          trace_id: '0af7651916cd43dd8448eb211c80319c',
          span_id: 'b7ad6b7169203331',
          trace_flags: 1,
          order: 'o-17',
          n: 2,
          note: 'two words',
          'error.id': '7X2K-9QD4-MB3H-TRVG',
          message: 'placed',
        }),
        false,
      ),
    ).toBe('07:08:09.045Z INFO  orders  placed  order=o-17  n=2  note="two words"  error=7X2K-9QD4-MB3H-TRVG  trace=0af76519\n');
  });

  it('indents the stack below the line', () => {
    expect(
      textLine(
        line({
          level: 'error',
          message: 'no',
          'exception.type': 'Error',
          'exception.message': 'no',
          'exception.stacktrace': 'Error: no\n    at f (a.ts:1:2)\nCaused by: x',
        }),
        false,
      ),
    ).toBe('07:08:09.045Z ERROR orders  no\n    Error: no\n        at f (a.ts:1:2)\n    Caused by: x\n');
  });

  it('colours for terminals', () => {
    expect(textLine(line({ message: 'm' }), true)).toContain('\u001b[32mINFO \u001b[0m');
  });

  it('writes out everything that a terminal would obey, also in keys, names and stacks', () => {
    const evil = 'a\n07:00:00.000Z INFO  forged\u001b[2J\u009b31m\r\u2028\u2029\u202e\u0000\u007f';
    const text = textLine(
      line({ logger: evil, message: evil, [evil]: evil, nested: { evil }, 'error.id': evil, trace_id: evil, 'exception.stacktrace': `${evil}\n at x` }),
      false,
    );
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e]/);
    const lines = text.trimEnd().split('\n');
    expect(lines.slice(1).every((l) => l.startsWith('    '))).toBe(true);
    expect(lines[0]).toContain('a\\n07:00:00.000Z INFO  forged\\u001b[2J\\u009b31m\\r\\u2028\\u2029\\u202e\\u0000\\u007f');
  });

  it('shows a line that is no JSON, harmless', () => {
    expect(textLine('not json\u001b[2J\n', false)).toBe('not json\\u001b[2J\n');
  });
});
