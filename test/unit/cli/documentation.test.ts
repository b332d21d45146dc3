import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cli } from './run-cli.ts';

const text = readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', 'cli.md'), 'utf8');
/** Found in every command. */
const COMMON = new Set(['--json', '--dir', '--help', '--version', '--url', '--pid']);

/** Commands and their options, as a help text has them. */
async function commands(): Promise<Map<string, Set<string>>> {
  const { out } = await cli(['--help'], { columns: 400 });
  const names = [...out.slice(out.indexOf('Commands:')).matchAll(/^ {2}([a-z]+)/gm)]
    .map(([, name]) => name as string)
    .filter((name) => name !== 'help' && name !== 'stack');
  const entries = await Promise.all(
    names.map(async (name) => {
      const help = (await cli([name, '--help'])).out;
      const options = [...help.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(([, option]) => option as string);
      return [name, new Set(options.filter((option) => !COMMON.has(option)))] as const;
    }),
  );
  return new Map(entries);
}

/** The same, as the tables of the document have them: a row without a command belongs to the one above. */
function documented(): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  let current: Set<string> | undefined;
  for (const line of text.split('\n')) {
    const row = /^\| (?:`sonde ([a-z]+)[^`]*`)? *\| ([^|]*)\|/.exec(line);
    if (!row) continue;
    if (row[1]) {
      current = new Set();
      found.set(row[1], current);
    }
    for (const [option] of (row[2] ?? '').matchAll(/--[a-z-]+/g)) current?.add(option);
  }
  return found;
}

describe('docs/cli.md', () => {
  it('names every command with every option of its own, and no other', async () => {
    const byName = (map: Map<string, Set<string>>) =>
      Object.fromEntries([...map].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, options]) => [name, [...options].sort()]));
    expect(byName(documented())).toEqual(byName(await commands()));
  });
});
