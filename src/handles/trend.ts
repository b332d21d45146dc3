/** What a series must show before its growth is a suspicion. Each number is the smallest that kept the healthy simulations quiet. */
export interface TrendRule {
  /** Points over which it grew. */
  readonly minPoints: number;
  /** How much it grew. */
  readonly minRise: number;
  /** How much it grew, as a share of what it began with. */
  readonly minRatio: number;
}

/** A series that only grows. */
export interface Trend {
  /** Index of the point from which it grows. */
  readonly since: number;
  readonly rise: number;
  /** Growth a point. */
  readonly perPoint: number;
}

const MAX_DIP = 0.1; // of the rise: a leak never gives back, but what is counted beside it breathes
const MIN_STEPS = 1 / 3; // of the points must be steps up: one spike, or a job now and then, is no trend
const MIN_LAST_THIRD = 0.7; // of its even share: what fills up (a cache, a pool) slows down before it is full

/**
 * Whether a series only grows: over enough points, in many steps, without giving back, and without slowing down. A pure
 * function of the floors (the smallest value of each minute or hour), so that bursts that come and go are not seen at all.
 */
export function growingTrend(floors: readonly number[], rule: TrendRule): Trend | undefined {
  const since = startOfGrowth(floors);
  const points = floors.length - since;
  if (points < rule.minPoints) return undefined;
  const first = floors[since] as number;
  const rise = (floors.at(-1) as number) - first;
  if (rise < rule.minRise || rise < rule.minRatio * first) return undefined;
  if (stepsUp(floors, since) < MIN_STEPS * (points - 1)) return undefined;
  const lastThird = (floors.at(-1) as number) - (floors[floors.length - 1 - Math.floor(points / 3)] as number);
  if (lastThird < (MIN_LAST_THIRD * rise) / 3) return undefined;
  return { since, rise, perPoint: rise / (points - 1) };
}

/** The first point of the longest tail that never gives back more than a tenth of what it gained. */
function startOfGrowth(floors: readonly number[]): number {
  let since = floors.length - 1;
  let lowest = floors[since] as number;
  let worstDip = 0;
  const end = floors.at(-1) as number;
  for (let i = floors.length - 2; i >= 0; i--) {
    const value = floors[i] as number;
    worstDip = Math.max(worstDip, value - lowest);
    lowest = Math.min(lowest, value);
    // Growing backwards in time: the tail from i is acceptable where its deepest dip is small against its whole rise.
    if (value <= lowest && worstDip <= MAX_DIP * (end - value)) since = i;
  }
  // A plateau before the growth is not part of it.
  while (since < floors.length - 1 && floors[since + 1] === floors[since]) since++;
  return since;
}

function stepsUp(floors: readonly number[], since: number): number {
  let steps = 0;
  for (let i = since + 1; i < floors.length; i++) if ((floors[i] as number) > (floors[i - 1] as number)) steps++;
  return steps;
}
