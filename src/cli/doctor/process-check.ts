import { type LedgerReport, SIGNALS } from '../../core/records.ts';
import type { CliContext } from '../context.ts';
import { CliError } from '../exit-codes.ts';
import { askJson, findProcess, type ProcessOptions } from '../process-client.ts';
import { bad, type Finding, ok, warning } from './finding.ts';

interface DebugAnswer {
  readonly service?: string;
  readonly pid?: number;
  readonly problems?: readonly { readonly kind: string; readonly message: string; readonly count: number }[];
  readonly ledger?: LedgerReport;
}

/** A running process: whether it answers, the problems that it has, and what it has dropped. */
export async function checkProcess(context: CliContext, options: ProcessOptions): Promise<Finding[]> {
  const isMeant = options.url !== undefined || options.pid !== undefined || Boolean(context.io.env['SONDE_URL']);
  let answer: DebugAnswer;
  try {
    answer = (await askJson(findProcess(context, options), 'GET', '/debug?format=json')) as DebugAnswer;
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return [isMeant ? bad('process', error.message) : warning('process', `no running process was found: name it with --url, --pid or SONDE_URL`)];
  }
  const findings = [ok('process', `${answer.service ?? 'a process'}, pid ${answer.pid ?? 'unknown'}, answers`)];
  for (const problem of answer.problems ?? []) findings.push(warning('process', `${problem.message}${problem.count > 1 ? ` (${problem.count} times)` : ''}`));
  for (const signal of answer.ledger ? SIGNALS : []) {
    const lost = Object.entries(answer.ledger?.[signal]?.dropped ?? {}).filter(([reason, count]) => count > 0 && reason !== 'sampled');
    if (lost.length > 0) findings.push(warning('ledger', `${signal}: dropped ${lost.map(([reason, count]) => `${count} ${reason}`).join(', ')}`));
  }
  return findings;
}
