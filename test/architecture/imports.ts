import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { type ModuleItem, parseSync } from '@swc/core';

/** One import of a module: of a file of ours (its path from the root of the tree) or of a package or builtin (its name). */
export interface Import {
  readonly from: string;
  readonly to: string;
  /** `value` is loaded at once, `dynamic` when the call is reached, `type` never. */
  readonly kind: 'value' | 'dynamic' | 'type';
  readonly reExport: boolean;
}

/** Every `.ts` file below `folder`. */
export function sourceFiles(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true }) as string[];
  return names
    .map((name) => join(folder, name))
    .filter((path) => path.endsWith('.ts') && statSync(path).isFile())
    .sort();
}

/** All imports of `files`, read from the syntax tree: type-only ones and `import('...')` in any position too. */
export function importsOf(files: readonly string[], root: string): Import[] {
  return files.flatMap((file) => {
    const from = relative(root, file);
    const found: Omit<Import, 'from'>[] = [];
    const tree = parseSync(readFileSync(file, 'utf8'), { syntax: 'typescript', decorators: true, target: 'es2022' });
    for (const item of tree.body) collect(item, found);
    return found.map(({ to, ...rest }) => ({ from, to: to.startsWith('.') ? relative(root, resolve(dirname(file), to)) : to, ...rest }));
  });
}

function collect(node: unknown, found: Omit<Import, 'from'>[]): void {
  if (Array.isArray(node)) {
    for (const item of node) collect(item, found);
    return;
  }
  if (node === null || typeof node !== 'object') return;
  const item = node as ModuleItem | { type: 'CallExpression' | 'TsImportType' };
  if (item.type === 'ImportDeclaration') {
    const typeOnly = item.typeOnly || (item.specifiers.length > 0 && item.specifiers.every((name) => name.type === 'ImportSpecifier' && name.isTypeOnly));
    found.push({ to: item.source.value, kind: typeOnly ? 'type' : 'value', reExport: false });
  } else if (item.type === 'ExportAllDeclaration') {
    found.push({ to: item.source.value, kind: 'value', reExport: true });
  } else if (item.type === 'ExportNamedDeclaration' && item.source) {
    const typeOnly = (item as { typeOnly?: boolean }).typeOnly || item.specifiers.every((name) => (name as { isTypeOnly?: boolean }).isTypeOnly);
    found.push({ to: item.source.value, kind: typeOnly ? 'type' : 'value', reExport: true });
  } else if (item.type === 'CallExpression') {
    const { callee, arguments: args } = item as unknown as { callee: { type: string }; arguments: { expression: { type: string; value: string } }[] };
    const first = args[0]?.expression;
    if (callee.type === 'Import' && first?.type === 'StringLiteral') found.push({ to: first.value, kind: 'dynamic', reExport: false });
  } else if (item.type === 'TsImportType') {
    found.push({ to: (item as unknown as { argument: { value: string } }).argument.value, kind: 'type', reExport: false });
  }
  for (const value of Object.values(node)) collect(value, found);
}
