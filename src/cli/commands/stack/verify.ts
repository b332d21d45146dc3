import type { CliContext } from '../../context.ts';
import { CliError, EXIT } from '../../exit-codes.ts';
import { stackRoot } from './root.ts';

/** `sonde stack verify`: is the stack whole, does every expression parse, is every name one that somebody emits. */
export async function verifyCommand(context: CliContext, options: { readonly root?: string }): Promise<void> {
  const { verifyStack } = await import('../../../stack/verify/verify.ts');
  const { findingLine } = await import('../../../stack/verify/finding.ts');
  const { files, expressions, findings } = verifyStack(stackRoot(options.root));
  if (context.json) context.printJson({ files, expressions, findings });
  else for (const finding of findings) context.print(`${findingLine(finding)}\n`);
  if (findings.length > 0)
    throw new CliError(EXIT.notFound, 'stack', `The stack has ${findings.length} ${findings.length === 1 ? 'problem' : 'problems'} in ${files} files`);
  if (!context.json) context.print(`${files} files and ${expressions} expressions are in order\n`);
}
