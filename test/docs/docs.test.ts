import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { sourceFiles } from '../architecture/imports.ts';
import { examplesOf, markdownBlocks } from './blocks.ts';
import { exportedNames, publicNames } from './names.ts';
import { programOf, runProgram, withAssertions } from './program.ts';

const execute = promisify(execFile);
const root = join(import.meta.dirname, '..', '..');
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> };

const documents = [root, join(root, 'docs'), join(root, 'examples')]
  .filter((folder) => existsSync(folder))
  .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
  .filter((path) => path.endsWith('.md'));
const blocks = documents.flatMap((path) => markdownBlocks(relative(root, path), readFileSync(path, 'utf8')));

describe.concurrent('programs in the documents', () => {
  const programs = blocks.filter((block) => block.language !== 'sh' && block.notRun === undefined);

  it('are found', () => {
    expect(programs.length).toBeGreaterThan(0);
  });

  it.for(programs.map((block) => ({ ...block, title: `${block.file}:${block.line}` })))('$title', async (block, { expect }) => {
    expect(await runProgram(await programOf(block.code, new Map()))).toMatchObject({ code: 0 });
  });
});

describe('commands in the documents', () => {
  const lines = blocks
    .filter((block) => block.language === 'sh' && block.notRun === undefined)
    .flatMap((block) => block.code.split('\n').map((text, at) => ({ title: `${block.file}:${block.line + at}`, text: text.replace(/(^|\s)#.*$/, '').trim() })))
    .filter(({ text }) => text !== '');

  it('are found', () => {
    expect(lines.length).toBeGreaterThan(0);
  });

  it.for(lines)('$title $text', async ({ text }) => {
    for (const command of text.split(/\s*(?:&&|\|)\s*/)) expect(await commandProblem(command)).toBeUndefined();
  });
});

/** What is wrong with a command of a document: scripts and subcommands must exist; other programs are named here. */
async function commandProblem(command: string): Promise<string | undefined> {
  const words = command.replace(/^(?:[A-Z][A-Z0-9_]*=\S*\s+)+/, '').split(/\s+/);
  if (words[0] === 'npx') words.shift();
  const [program = '', first = '', second = ''] = words;
  if (program === 'npm' && first === 'run') return Object.hasOwn(scripts, second) ? undefined : `package.json has no script "${second}"`;
  if (program === 'npm') return ['ci', 'test', 'install'].includes(first) ? undefined : `unknown: npm ${first}`;
  if (program === 'sonde') {
    const args = first.startsWith('-') || first === '' ? ['--help'] : [first, '--help'];
    const result = await execute(process.execPath, [join(root, 'dist/cli/main.js'), ...args]).catch((error: { stderr: string }) => error);
    return 'code' in result ? `sonde ${first}: ${result.stderr}` : undefined;
  }
  if (program === 'node' && first.endsWith('.mjs')) return existsSync(join(root, first)) ? undefined : `there is no ${first}`;
  return ['cd', 'curl', 'docker', 'git', 'node', 'vitest', 'kill', 'jq', 'go'].includes(program) ? undefined : `unknown program: ${program}`;
}

describe.concurrent('examples in doc comments', () => {
  const names = publicNames(root);
  const examples = sourceFiles(join(root, 'src')).flatMap((path) => examplesOf(relative(root, path), readFileSync(path, 'utf8')));

  it('are found', () => {
    expect(examples.length).toBeGreaterThan(4);
  });

  it.for(examples.map((example) => ({ ...example, title: `${example.file}:${example.line} ${example.subject}` })))('$title', async (example, { expect }) => {
    const own = exportedNames(readFileSync(join(root, example.file), 'utf8')).map((name): [string, string] => [
      name,
      join(root, 'dist', example.file.slice('src/'.length).replace(/\.ts$/, '.js')),
    ]);
    expect(await runProgram(await programOf(example.code, new Map([...own, ...names])))).toMatchObject({ code: 0 });
  });
});

describe('the runner itself', () => {
  it('sees an assertion that does not hold', async () => {
    const result = await runProgram(await programOf('signal() ===\n  3;', new Map([['signal', 'sonde']])));
    expect(result.code).toBe(1);
    expect(result.output).toContain('not true: signal() === 3');
  });

  it('sees a program that throws, and one that rejects later', async () => {
    expect((await runProgram(`throw new Error('no');`)).code).toBe(1);
    expect((await runProgram(`Promise.reject(new Error('no')); await new Promise((done) => setTimeout(done, 50));`)).code).toBe(1);
  });

  it('asserts statements only, at any depth', () => {
    const code = withAssertions('const a = 1 === 1;\nif (a === true) { a === true; }\n');
    expect(code.match(/\$assert\(/g)).toHaveLength(2);
    expect(code).toContain('$assert(a === true, "a === true");');
  });

  it('refuses a command that does not exist', async () => {
    expect(await commandProblem('npm run nothing-of-the-kind')).toContain('no script');
    expect(await commandProblem('frobnicate --all')).toContain('unknown program');
  });

  it('reads blocks, the reason for one that is not run, and examples', () => {
    const text = 'a\n```ts\none();\n```\n<!-- not run: needs Docker -->\n```sh\ndocker compose up\n```\n```text\nno\n```\n';
    expect(markdownBlocks('x.md', text)).toEqual([
      { file: 'x.md', line: 3, language: 'ts', code: 'one();', notRun: undefined },
      { file: 'x.md', line: 7, language: 'sh', code: 'docker compose up', notRun: 'needs Docker' },
    ]);
    const source = '/**\n * Text.\n *\n * @example\n * one();\n *\n * @example\n * two() === 2;\n * @internal\n */\nexport async function* both(): void {}\n';
    expect(examplesOf('x.ts', source).map(({ subject, code, line }) => ({ subject, code, line }))).toEqual([
      { subject: 'both', code: 'one();', line: 5 },
      { subject: 'both', code: 'two() === 2;', line: 8 },
    ]);
  });
});
