import { FOLDED_DAYS } from '../schema/folded-days.ts';

/** The history of error groups, so that a group is not "new" again when the day of its first error is removed. */
export const V2: readonly string[] = [FOLDED_DAYS];
