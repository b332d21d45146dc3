import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { errorIdTime, mintErrorId, parseErrorId } from '../../src/errors/error-id.ts';

const FIRST = Date.UTC(2025, 0, 1);
const LAST = FIRST + (2 ** 30 - 1) * 1_000;

/** What a person may do to an ID that still means the same. */
const spelling = fc.func(fc.constantFrom('keep', 'lower', 'hyphen', 'space', 'letter'));

describe('error IDs', () => {
  it('come back from any spelling, with their second', () => {
    fc.assert(
      fc.property(fc.integer({ min: FIRST, max: LAST }), spelling, (nowMs, choose) => {
        const id = mintErrorId(nowMs);
        const typed = [...id.replaceAll('-', '')].map((symbol, at) => {
          const how = choose(at, symbol);
          if (how === 'lower') return symbol.toLowerCase();
          if (how === 'hyphen') return `-${symbol}`;
          if (how === 'space') return ` ${symbol}`;
          return how === 'letter' ? symbol.replace('0', 'O').replace('1', 'l') : symbol;
        });
        expect(parseErrorId(typed.join(''))).toEqual({ ok: true, id });
        expect(errorIdTime(typed.join('')).getTime()).toBe(Math.floor(nowMs / 1_000) * 1_000);
      }),
    );
  });

  it('never take any other text for an ID, and never throw', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 40, unit: 'binary' }), (text) => {
        const parsed = parseErrorId(text);
        if (parsed.ok) expect(parseErrorId(parsed.id)).toEqual(parsed);
        else expect(['malformed', 'check']).toContain(parsed.reason);
      }),
      { numRuns: 2_000 },
    );
  });
});
