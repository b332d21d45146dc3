import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAst, transformWithEsbuild } from 'vite';

const root = join(import.meta.dirname, '..', '..');
const IMPORT = /^import\s[^;]*;$/gm;

/**
 * A module that runs `code`: its own imports, those of `names` (name → specifier) that it mentions, then the code in a
 * block of its own. A statement `a === b;` becomes an assertion.
 */
export async function programOf(code: string, names: ReadonlyMap<string, string>): Promise<string> {
  const own = code.match(IMPORT) ?? [];
  const body = code.replaceAll(IMPORT, '');
  const added = [...names].filter(
    ([name]) => new RegExp(`(?<![\\w$.])${name}(?![\\w$])`).test(body) && !own.some((line) => new RegExp(`\\b${name}\\b`).test(line)),
  );
  const imports = [...own, ...added.map(([name, from]) => `import { ${name} } from '${from}';`)];
  const source = `${imports.join('\n')}\n{\n${body}\n}\n`;
  const { code: plain } = await transformWithEsbuild(source, 'snippet.ts', {
    target: 'es2022',
    tsconfigRaw: { compilerOptions: { target: 'es2022', useDefineForClassFields: true } },
    sourcemap: false,
  });
  return withAssertions(plain);
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly operator?: string;
  readonly expression?: Node;
}

/** Turns each statement `a === b;` into a call that throws where it is not true. */
export function withAssertions(code: string): string {
  const found: Node[] = [];
  const visit = (value: unknown): void => {
    if (value === null || typeof value !== 'object') return;
    const node = value as Node;
    if (node.type === 'ExpressionStatement' && node.expression?.type === 'BinaryExpression' && node.expression.operator === '===') found.push(node.expression);
    Object.values(node).forEach(visit);
  };
  visit(parseAst(code).body);
  let out = code;
  for (const { start, end } of found.sort((a, b) => b.start - a.start)) {
    const text = code.slice(start, end);
    out = `${out.slice(0, start)}$assert(${text}, ${JSON.stringify(text)})${out.slice(end)}`;
  }
  return `${out}\nfunction $assert(holds, text) { if (!holds) throw new Error('not true: ' + text); }\n`;
}

/** Runs a program as a user would, in an empty folder; it is over when its top level is. */
export async function runProgram(program: string): Promise<{ code: number; output: string }> {
  // Below the root, so that `sonde` names the built package itself.
  const programs = join(root, '.cache', 'docs');
  await mkdir(programs, { recursive: true });
  const folder = await mkdtemp(join(programs, 'program-'));
  const cwd = await mkdtemp(join(tmpdir(), 'sonde-docs-'));
  const path = join(folder, 'program.mjs');
  // What a program leaves open (a server, as a README shows it) must not hold the test.
  await writeFile(join(folder, 'main.mjs'), `await import('./program.mjs');\nprocess.exit();\n`);
  await writeFile(path, program);
  try {
    return await new Promise((resolve) => {
      execFile(process.execPath, [join(folder, 'main.mjs')], { cwd, timeout: 600_000, encoding: 'utf8' }, (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        resolve({ code, output: `${stdout}${stderr}` });
      });
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
    await rm(cwd, { recursive: true, force: true });
  }
}
