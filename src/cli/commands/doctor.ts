import type { CliContext } from '../context.ts';
import { checkApi } from '../doctor/api-check.ts';
import { checkConfiguration } from '../doctor/configuration-check.ts';
import type { Finding } from '../doctor/finding.ts';
import { checkNode } from '../doctor/node-check.ts';
import { checkProcess } from '../doctor/process-check.ts';
import { checkStore } from '../doctor/store-check.ts';
import { CliError, EXIT } from '../exit-codes.ts';
import { cleanLine } from '../output/clean.ts';
import type { ProcessOptions } from '../process-client.ts';

/** `sonde doctor`: what is wrong with the set-up on this machine, each with its fix. Ends with 1 where something is. */
export async function doctorCommand(context: CliContext, options: ProcessOptions): Promise<void> {
  const findings = [
    ...checkNode(),
    ...checkConfiguration(context.io.env),
    ...checkApi(process.cwd()),
    ...(await checkStore(context.dir)),
    ...(await checkProcess(context, options)),
  ];
  const wrong = findings.filter(({ state }) => state === 'bad').length;
  if (context.json) context.printJson({ ok: wrong === 0, findings });
  else context.print(findings.map((finding) => line(finding, context)).join(''));
  if (wrong > 0 && !context.json) throw new CliError(EXIT.notFound, 'unhealthy', `${wrong} of ${findings.length} checks failed`);
  if (wrong > 0) context.exit(EXIT.notFound);
}

function line({ check, state, text }: Finding, { style }: CliContext): string {
  const marks = { ok: style.good('ok   '), warn: style.warn('warn '), bad: style.bad('bad  ') };
  return `${marks[state]} ${style.bold(check.padEnd(14))} ${cleanLine(text)}\n`;
}
