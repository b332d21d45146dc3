import { customAlphabet } from 'nanoid';
import { clock } from '../core/clock.ts';

/** Crockford's base 32: no I, L, O, U. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
/** 2025-01-01T00:00:00Z; 30 bits of seconds from here end in 2059. */
const EPOCH_MS = Date.UTC(2025, 0, 1);
const MAX_SECONDS = 2 ** 30 - 1;
const TIME_SYMBOLS = 6;
const DATA_SYMBOLS = 15;
const MAX_INPUT = 64; // an ID is 19 characters; people paste spaces and hyphens around it

const random = customAlphabet(ALPHABET, DATA_SYMBOLS - TIME_SYMBOLS);
const VALUE = new Int8Array(128).fill(-1);
for (let i = 0; i < ALPHABET.length; i++) {
  VALUE[ALPHABET.charCodeAt(i)] = i;
  VALUE[ALPHABET.toLowerCase().charCodeAt(i)] = i;
}
for (const [read, as] of ['O0', 'o0', 'I1', 'i1', 'L1', 'l1']) VALUE[read!.charCodeAt(0)] = as!.charCodeAt(0) - 48;

/** Products in GF(32): `PRODUCT[i * 32 + d]` is αⁱ·d, for i from 0 to 15. */
const PRODUCT = (() => {
  const table = new Uint8Array(16 * 32);
  for (let d = 0; d < 32; d++) {
    let product = d;
    for (let i = 0; i < 16; i++) {
      table[i * 32 + d] = product;
      product = timesAlpha(product);
    }
  }
  return table;
})();

/** Multiplies by α = x, modulo x⁵+x²+1 over GF(2). */
function timesAlpha(value: number): number {
  const shifted = value << 1;
  return shifted & 32 ? shifted ^ 0b100101 : shifted;
}

/**
 * Mints an error ID, such as `0TK3-P29Q-D4MB-3HTR`: 6 symbols of time (seconds, UTC), 9 random ones, 1 check symbol.
 *
 * The check symbol is Σ αⁱ·dᵢ over GF(32) (polynomial x⁵+x²+1, α = x). The data symbols are d₁ to d₁₅ from left to right,
 * so they weigh α¹ to α¹⁵; the check symbol stands for itself and weighs α⁰. All sixteen weights differ and none is 0
 * (α has order 31), so that every single wrong symbol and every swap of two different symbols, the check symbol
 * included, is found.
 */
export function mintErrorId(nowMs: number = clock.now()): string {
  const seconds = Math.min(MAX_SECONDS, Math.max(0, Math.floor((nowMs - EPOCH_MS) / 1_000)));
  let time = '';
  for (let shift = 25; shift >= 0; shift -= 5) time += ALPHABET[(seconds >>> shift) & 31];
  return withCheck(time + random());
}

/** Adds the check symbol to 15 data symbols, and the hyphens. */
function withCheck(data: string): string {
  let sum = 0;
  for (let i = 0; i < DATA_SYMBOLS; i++) sum ^= PRODUCT[(i + 1) * 32 + VALUE[data.charCodeAt(i)]!]!;
  return `${data.slice(0, 4)}-${data.slice(4, 8)}-${data.slice(8, 12)}-${data.slice(12)}${ALPHABET[sum]}`;
}

/** What {@link parseErrorId} found. */
export type ParsedErrorId = { readonly ok: true; readonly id: string } | { readonly ok: false; readonly reason: 'malformed' | 'check' };

/**
 * Reads an error ID as people type it: any case, hyphens and spaces left out or added, `O` for 0, `I` and `L` for 1.
 *
 * Shape: `{ ok: true, id }` with the ID in its one spelling, or `{ ok: false, reason }`: `'check'` where exactly the check
 * symbol tells that a symbol is wrong, `'malformed'` where it is no ID at all.
 *
 * @example
 * parseErrorId('hello').ok === false;
 */
export function parseErrorId(text: string): ParsedErrorId {
  if (typeof text !== 'string' || text.length > MAX_INPUT) return { ok: false, reason: 'malformed' };
  let data = '';
  let sum = 0;
  let count = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 45 || code === 32 || code === 9 || code === 10 || code === 13) continue;
    const value = code < 128 ? VALUE[code]! : -1;
    if (value < 0 || count > DATA_SYMBOLS) return { ok: false, reason: 'malformed' };
    sum ^= count < DATA_SYMBOLS ? PRODUCT[(count + 1) * 32 + value]! : value;
    if (count < DATA_SYMBOLS) data += ALPHABET[value];
    count++;
  }
  if (count !== DATA_SYMBOLS + 1) return { ok: false, reason: 'malformed' };
  return sum === 0 ? { ok: true, id: withCheck(data) } : { ok: false, reason: 'check' };
}

/** The sentence for an ID that {@link parseErrorId} refused. */
export function explainErrorId(reason: 'malformed' | 'check'): string {
  return reason === 'check' ? 'not a Sonde error ID: one symbol is wrong' : 'not a Sonde error ID: expected 16 letters and digits, such as 0TK3-P29Q-D4MB-3HTR';
}

/**
 * The UTC second in which an ID was minted.
 *
 * Errors: throws `RangeError` where the text is no error ID.
 */
export function errorIdTime(id: string): Date {
  const parsed = parseErrorId(id);
  if (!parsed.ok) throw new RangeError(`Cannot read the time of "${String(id).slice(0, MAX_INPUT)}": ${explainErrorId(parsed.reason)}`);
  let seconds = 0;
  for (let at = 0, symbols = 0; symbols < TIME_SYMBOLS; at++) {
    const value = VALUE[parsed.id.charCodeAt(at)]!;
    if (value < 0) continue;
    seconds = seconds * 32 + value;
    symbols++;
  }
  return new Date(EPOCH_MS + seconds * 1_000);
}
