import { cpSync, existsSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { makeFolder } from '../../../core/make-folder.ts';
import type { CliContext } from '../../context.ts';
import { wrongUsage } from '../../exit-codes.ts';
import { PACKAGE_ROOT, STACK_FILES } from './root.ts';

const RECEIVERS = 'collector/alertmanager/receivers';
const IGNORED = `.env\n${RECEIVERS}/*-url\n`;

/** `sonde stack init [folder]`: a copy of the stack that is the project's own, with its secrets kept out of git. Overwrites nothing. */
export async function initCommand(context: CliContext, folder = '.'): Promise<void> {
  const root = resolve(folder);
  const taken = STACK_FILES.filter((name) => existsSync(join(root, name)));
  if (taken.length > 0)
    throw wrongUsage(`Cannot put the stack into ${root}: it holds ${taken.join(', ')} already; name another folder, such as "sonde stack init observability"`);
  // One that is there is the project's own: it is told what to add.
  const hasIgnored = existsSync(join(root, '.gitignore'));
  try {
    copyTo(root, hasIgnored);
  } catch (error) {
    throw wrongUsage(`Cannot put the stack into ${root}: ${(error as Error).message}`);
  }
  if (context.json) return context.printJson({ root, files: STACK_FILES });
  context.print(
    `The stack is in ${root}: copy .env.example to .env and set GRAFANA_ADMIN_PASSWORD, then "sonde stack up${folder === '.' ? '' : ` --root ${folder}`}"\n`,
  );
  if (hasIgnored) context.print(`Keep out of git: .env and ${RECEIVERS}/*-url\n`);
}

function copyTo(root: string, hasIgnored: boolean): void {
  makeFolder(root, 0o777); // the servers run as other users
  for (const name of STACK_FILES)
    cpSync(join(PACKAGE_ROOT, name), join(root, name), { recursive: true, filter: (from) => !/[/\\]receivers[/\\][\w-]+-url$/.test(from) });
  if (!hasIgnored) writeFileSync(join(root, '.gitignore'), IGNORED);
}
