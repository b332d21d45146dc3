import { functionKey, type Profile, type ProfileFrame } from './decode.ts';

/** What a function cost: by itself, and with what it called. */
export interface HotFunction {
  readonly frame: ProfileFrame;
  readonly self: number;
  readonly total: number;
}

/** The functions of a profile by what they cost by themselves. A recursive function is counted once a stack. */
export function hottest(profile: Profile, limit: number): HotFunction[] {
  const costs = new Map<string, { frame: ProfileFrame; self: number; total: number }>();
  for (const { stack, value } of profile.samples) {
    const seen = new Set<string>();
    for (const [depth, frame] of stack.entries()) {
      const key = functionKey(frame);
      const cost = costs.get(key) ?? { frame, self: 0, total: 0 };
      costs.set(key, cost);
      if (depth === 0) cost.self += value;
      if (!seen.has(key)) cost.total += value;
      seen.add(key);
    }
  }
  return [...costs.values()].sort((a, b) => b.self - a.self || b.total - a.total).slice(0, limit);
}

export function totalOf(profile: Profile): number {
  return profile.samples.reduce((sum, { value }) => sum + value, 0);
}
