import { randomFillSync } from 'node:crypto';

// One refill makes 4,096 integers, IDs for 680 root spans.
const POOL_SIZE = 4_096;
// The generator starts anew from the operating system's source after so many refills, about every 45,000 root spans.
const REFILLS_PER_SEED = 64;
/** Random integers: where {@link reserveRandom} says, so many as it was asked for. */
export const randomPool: Int32Array = new Int32Array(POOL_SIZE);
const state = new Int32Array(4);
let next = POOL_SIZE;
let refills = REFILLS_PER_SEED;

/**
 * Reserves `count` integers of {@link randomPool} and says where they begin: one look at the pool's end for all parts of an
 * ID, 4 ns an integer less than one each. They are signed 32-bit integers (which V8 keeps without allocating). IDs have to
 * be unique, not secret: they come from xoshiro128** (Blackman, Vigna: Scrambled Linear Pseudorandom Number Generators,
 * 2021), seeded by the operating system; to fill the pool from there took 5 ns an integer on a busy machine, this 1.5 ns.
 */
export function reserveRandom(count: number): number {
  if (next + count > POOL_SIZE) refill();
  const at = next;
  next = at + count;
  return at;
}

function refill(): void {
  if (refills === REFILLS_PER_SEED) {
    randomFillSync(state);
    state[0] = (state[0] as number) | 1; // a state of zeros would stay there
    refills = 0;
  }
  refills++;
  next = 0;
  let a = state[0] as number;
  let b = state[1] as number;
  let c = state[2] as number;
  let d = state[3] as number;
  for (let i = 0; i < POOL_SIZE; i++) {
    const scrambled = Math.imul(b, 5);
    randomPool[i] = Math.imul((scrambled << 7) | (scrambled >>> 25), 9);
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
  }
  state[0] = a;
  state[1] = b;
  state[2] = c;
  state[3] = d;
}

const HEX_OF_BYTE: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** A 32-bit integer as 8 hex digits. */
export function hex32(value: number): string {
  return (
    (HEX_OF_BYTE[value >>> 24] as string) +
    (HEX_OF_BYTE[(value >>> 16) & 255] as string) +
    (HEX_OF_BYTE[(value >>> 8) & 255] as string) +
    (HEX_OF_BYTE[value & 255] as string)
  );
}

/** Eight hex digits of `text` from `at`, as a signed 32-bit integer. */
export function int32OfHex(text: string, at: number): number {
  return Number.parseInt(text.slice(at, at + 8), 16) | 0;
}
