import { describe, expect, it } from 'vitest';
import { errorIdTime, mintErrorId, parseErrorId } from '../../../src/errors/error-id.ts';

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const bare = (id: string): string => id.replaceAll('-', '');
const accepted = (symbols: string): boolean => parseErrorId(symbols).ok;

describe('mintErrorId', () => {
  it('gives 16 symbols in four groups', () => {
    for (let i = 0; i < 1_000; i++) expect(mintErrorId()).toMatch(/^(?:[0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}$/);
  });

  it('gives no ID twice', () => {
    const ids = new Set(Array.from({ length: 100_000 }, () => mintErrorId(0)));
    expect(ids.size).toBe(100_000);
  });

  it('sorts by time', () => {
    const ids = [0, 1_000, 60_000, 3_600_000, 86_400_000, 31_536_000_000].map((ms) => mintErrorId(Date.UTC(2025, 0, 1) + ms));
    expect(ids.toSorted()).toEqual(ids);
  });

  it.each([
    ['2025-01-01T00:00:00.000Z', '2025-01-01T00:00:00.000Z', '000000'],
    ['2025-01-01T00:00:32.999Z', '2025-01-01T00:00:32.000Z', '000010'],
    ['2026-11-21T08:00:00.000Z', '2026-11-21T08:00:00.000Z', undefined],
    ['2059-01-10T13:37:03.000Z', '2059-01-10T13:37:03.000Z', 'ZZZZZZ'],
    ['1999-01-01T00:00:00.000Z', '2025-01-01T00:00:00.000Z', '000000'], // a clock that is far off still mints
    ['2100-01-01T00:00:00.000Z', '2059-01-10T13:37:03.000Z', 'ZZZZZZ'],
  ])('carries the second of %s', (minted, read, prefix) => {
    const id = mintErrorId(Date.parse(minted));
    expect(errorIdTime(id).toISOString()).toBe(read);
    if (prefix) expect(bare(id).slice(0, 6)).toBe(prefix);
  });
});

describe('the check symbol', () => {
  it('is the sum of alpha^i times d_i, i from 1, over GF(32) with x^5+x^2+1', () => {
    // d15 = 1 alone gives alpha^15; alpha^5 = x^2+1, alpha^10 = x^4+1, alpha^15 = x^4+x^3+x^2+x+1 = 31.
    expect(parseErrorId('000000000000001Z')).toEqual({ ok: true, id: '0000-0000-0000-001Z' });
    // d1 = 1 alone gives alpha = 2.
    expect(parseErrorId('1000000000000002').ok).toBe(true);
    // d1 = 16 gives alpha * x^4 = x^5 = x^2+1 = 5.
    expect(parseErrorId('G000000000000005').ok).toBe(true);
  });

  it('finds every wrong single symbol', () => {
    for (let round = 0; round < 20; round++) {
      const id = bare(mintErrorId());
      for (let at = 0; at < 16; at++) {
        for (const symbol of ALPHABET) {
          if (symbol === id[at]) continue;
          expect(parseErrorId(id.slice(0, at) + symbol + id.slice(at + 1))).toEqual({ ok: false, reason: 'check' });
        }
      }
    }
  });

  it('finds every swap of two different symbols, next to one another or not, the check symbol included', () => {
    let swaps = 0;
    for (let a = 0; a < 16; a++) {
      for (let b = a + 1; b < 16; b++) {
        for (let round = 0; round < 20; round++) {
          const symbols = [...bare(mintErrorId())];
          if (symbols[a] === symbols[b]) continue;
          [symbols[a], symbols[b]] = [symbols[b] as string, symbols[a] as string];
          swaps++;
          expect(accepted(symbols.join(''))).toBe(false);
        }
      }
    }
    expect(swaps).toBeGreaterThan(1_500);
  });

  it('finds the swap of every pair of values at every pair of places', () => {
    // The code is linear: a swap of values x and y at two places adds the word with x^y at both, which must never be a code word.
    for (let a = 0; a < 16; a++) {
      for (let b = a + 1; b < 16; b++) {
        for (let difference = 1; difference < 32; difference++) {
          const word = new Array<string>(16).fill('0');
          word[a] = ALPHABET[difference] as string;
          word[b] = ALPHABET[difference] as string;
          expect(accepted(word.join(''))).toBe(false);
        }
      }
    }
  });
});

describe('parseErrorId', () => {
  const id = '0000-0000-0000-001Z';

  it.each([
    ['as shown', '0000-0000-0000-001Z'],
    ['lower case', '0000-0000-0000-001z'],
    ['without hyphens', '000000000000001Z'],
    ['with spaces', ' 0000 0000 0000 001Z '],
    ['O for 0', 'OoOO-0000-0000-001Z'],
    ['I and L for 1', '0000-0000-0000-00IZ'],
    ['l for 1', '0000-0000-0000-00lZ'],
    ['hyphens elsewhere', '00-00-00-00-00-00-00-1Z'],
  ])('reads %s', (_what, text) => {
    expect(parseErrorId(text)).toEqual({ ok: true, id });
  });

  it.each([
    ['nothing', ''],
    ['a short one', '0000-0000-0000-001'],
    ['a long one', '0000-0000-0000-001ZZ'],
    ['U, which is no symbol', 'U000-0000-0000-001Z'],
    ['another alphabet', 'äöü0-0000-0000-001Z'],
    ['a slash', '0000/0000/0000/001Z'],
    ['a megabyte', '0'.repeat(1_000_000)],
    ['a sentence', 'not an error id'],
    ['no text', undefined as unknown as string],
  ])('refuses %s', (_what, text) => {
    expect(parseErrorId(text)).toEqual({ ok: false, reason: 'malformed' });
  });

  it('gives a time only for an ID', () => {
    expect(() => errorIdTime('0000-0000-0000-0010')).toThrow(/one symbol is wrong/);
    expect(() => errorIdTime('hello')).toThrow(RangeError);
  });
});
