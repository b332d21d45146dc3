import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { errorCodes, errorCodesMarkdown } from '../../errors/codes.ts';
import type { CliContext } from '../context.ts';
import { notFound, unreachable } from '../exit-codes.ts';
import { cleanBlock, cleanLine } from '../output/clean.ts';
import { table } from '../output/table.ts';

export interface CodesOptions {
  readonly markdown?: boolean;
}

/** `sonde codes <module...>`: imports the modules of an application and lists the error codes that they define. */
export async function codesCommand(context: CliContext, modules: readonly string[], options: CodesOptions): Promise<void> {
  context.io.endAtOnce?.(); // the modules may have opened a server or a pool
  await withoutOutput(async () => {
    for (const module of modules) await load(module);
  });
  const codes = errorCodes();
  if (codes.length === 0)
    throw notFound(`No error code is defined by ${modules.map((module) => `"${module}"`).join(', ')}: name the modules that call defineError()`);
  if (context.json) context.printJson(codes);
  else if (options.markdown) context.print(cleanBlock(errorCodesMarkdown(codes)));
  else {
    const { style } = context;
    const rows = codes.map((code) => [
      { text: cleanLine(code.code), colour: style.bold },
      { text: String(code.status) },
      { text: code.kind, colour: code.kind === 'bug' ? style.bad : style.warn },
      { text: cleanLine(code.owner ?? '') },
      { text: cleanLine(code.public ?? '') },
    ]);
    context.print(table(rows, context.tableWidth));
  }
}

/** What the modules write while they are loaded is not part of the answer: it goes to standard error. */
async function withoutOutput(act: () => Promise<void>): Promise<void> {
  const { stdout, stderr } = process;
  const former = Object.getOwnPropertyDescriptor(stdout, 'write');
  stdout.write = stderr.write.bind(stderr) as typeof stdout.write;
  try {
    await act();
  } finally {
    if (former) Object.defineProperty(stdout, 'write', former);
    else delete (stdout as { write?: unknown }).write;
  }
}

async function load(module: string): Promise<void> {
  const path = resolve(module);
  if (!existsSync(path)) throw notFound(`No file "${path}": expected a module of the application, such as dist/errors.js`);
  try {
    await import(pathToFileURL(path).href);
  } catch (error) {
    throw unreachable(`Cannot load "${path}": ${error instanceof Error ? error.message : String(error)}`);
  }
}
