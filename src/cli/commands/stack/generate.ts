import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { CliContext } from '../../context.ts';
import { notFound, wrongUsage } from '../../exit-codes.ts';
import { askJson, findProcess, type ProcessOptions, refused } from '../../process-client.ts';
import { isInstalled, stackRoot } from './root.ts';

export interface GenerateOptions extends ProcessOptions {
  readonly root?: string;
}

/**
 * `sonde stack generate`: rules, their tests, runbooks, Grafana-managed alerts and dashboards from the catalogue, and the
 * rules of the objectives that are declared. With `--url` or `--pid` those of a running process are declared first.
 */
export async function generateCommand(context: CliContext, options: GenerateOptions): Promise<void> {
  const { generatedFiles } = await import('../../../stack/generate/files.ts');
  const { readSlos, leftOvers, sloFile } = await import('../../../stack/slo/files.ts');
  const root = stackRoot(options.root);
  if (isInstalled(root)) throw wrongUsage(`Cannot write into ${root}: the next install would undo it; run "sonde stack init" to have a copy of your own`);
  const write = (file: string, text: string): void => {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  };
  if (options.url !== undefined || options.pid !== undefined) {
    const { service, objectives } = await askProcess(context, options);
    if (objectives.length === 0)
      throw notFound(`${service} declares no objective; add traced({ slo: { objective: 0.999 } }, fn) or slo('POST /orders', { objective: 0.999 })`);
    const { file, text } = asUsage(() => sloFile({ service, objectives }));
    write(file, text);
    if (!context.json) context.print(`${file}: ${objectives.length} ${objectives.length === 1 ? 'objective' : 'objectives'} of ${service}\n`);
  }
  const { declared, findings } = readSlos(root);
  const [wrong] = findings;
  if (wrong) throw wrongUsage(`Cannot use ${wrong.file}:${wrong.line}: ${wrong.message}`);
  const files = generatedFiles(declared);
  for (const [file, text] of files) write(file, text);
  const removed = leftOvers(root, files);
  for (const file of removed) rmSync(join(root, file));
  if (context.json) context.printJson({ root, files: [...files.keys()], removed });
  else context.print(`${files.size} files written below ${root}${removed.length > 0 ? `, ${removed.length} removed` : ''}\n`);
}

function asUsage<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw error instanceof RangeError ? wrongUsage(error.message) : error;
  }
}

async function askProcess(context: CliContext, options: GenerateOptions) {
  const { objectivesOf } = await import('../../../stack/slo/from-metrics.ts');
  const target = findProcess(context, options);
  const { service } = (await askJson(target, 'GET', '/debug')) as { service: string };
  const { status, body } = await target.request('GET', '/metrics', { accept: 'text/plain' });
  if (status !== 200) throw refused(target, '/metrics', status, body.toString('utf8'));
  return { service, objectives: objectivesOf(body.toString('utf8')) };
}
