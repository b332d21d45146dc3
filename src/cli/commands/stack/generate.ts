import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { CliContext } from '../../context.ts';
import { stackRoot } from './root.ts';

/** `sonde stack generate`: rules, their tests, runbooks, Grafana-managed alerts and dashboards from the catalogue. */
export async function generateCommand(context: CliContext, options: { readonly root?: string }): Promise<void> {
  const { generatedFiles } = await import('../../../stack/generate/files.ts');
  const root = stackRoot(options.root);
  const files = generatedFiles();
  for (const [file, text] of files) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  }
  if (context.json) context.printJson({ root, files: [...files.keys()] });
  else context.print(`${files.size} files written below ${root}\n`);
}
