import type { Lookup } from '../../store/lookup.ts';
import type { CliContext } from '../context.ts';
import { cleanLine } from './clean.ts';

/** Says on stderr which part of the store could not be read: a list that looks short has a reason. */
export function showProblems(context: CliContext, lookup: Lookup): void {
  for (const problem of lookup.problems()) context.io.stderr.write(`sonde: ${cleanLine(problem.message)}\n`);
}
