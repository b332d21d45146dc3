import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const LIST = /export (?:type )?\{([^}]*)\}/g;
const DECLARATION = /^export (?:declare )?(?:abstract )?(?:async )?(?:function\*?|const|let|class|interface|type) ([\w$]+)/gm;

/** The names that a module exports, types included. */
export function exportedNames(text: string): string[] {
  const listed = [...text.matchAll(LIST)].flatMap((match) =>
    (match[1] ?? '').split(',').map((item) =>
      item
        .trim()
        .replace(/^type /, '')
        .replace(/^.* as /, ''),
    ),
  );
  const declared = [...text.matchAll(DECLARATION)].map((match) => match[1] ?? '');
  return [...new Set([...listed, ...declared])].filter((name) => name !== '');
}

/** The name of every public symbol with the key of the exports map that has it; the main key wins. */
export function publicNames(root: string): Map<string, string> {
  const folder = join(root, 'src/public');
  const files = readdirSync(folder).filter((name) => name !== 'index.ts');
  const names = new Map<string, string>();
  for (const file of [...files, 'index.ts']) {
    const specifier = file === 'index.ts' ? 'sonde' : `sonde/${file.replace(/\.ts$/, '')}`;
    for (const name of exportedNames(readFileSync(join(folder, file), 'utf8'))) names.set(name, specifier);
  }
  return names;
}
