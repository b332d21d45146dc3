const NS_PER_MS = 1_000_000n;

/** Milliseconds, with a fraction, of nanoseconds since the Unix epoch: divided before it is a double, which has no place for all of them. */
export function msOfNano(ns: bigint | number | string): number {
  const exact = BigInt(ns);
  return Number(exact / NS_PER_MS) + Number(exact % NS_PER_MS) / 1e6;
}
