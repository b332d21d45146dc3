import { readdirSync } from 'node:fs';
import { join } from 'node:path';

const SKIPPED = new Set(['node_modules', 'dist', '.cache', '.git']);

/** Paths of the files under `folder` whose name ends in `suffix`, sorted; Node 20 has no `fs.globSync`. */
export function globSync(folder, suffix, skipped = []) {
  const found = [];
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (SKIPPED.has(entry.name) || skipped.includes(entry.name)) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) found.push(...globSync(path, suffix, skipped));
    else if (entry.name.endsWith(suffix)) found.push(path);
  }
  return found.sort();
}
