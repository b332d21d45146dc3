import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { headRevision } from '../../../../src/runtime/config/revision.ts';

const A = 'a'.repeat(40);
const B = 'b'.repeat(40);

/** A folder with these files; the answer for the folder `below` in it. */
function revisionIn(files: Record<string, string>, below = 'src/deep'): string | undefined {
  const dir = mkdtempSync(join(tmpdir(), 'sonde-git-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  mkdirSync(join(dir, below), { recursive: true });
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text);
  }
  return headRevision(join(dir, below));
}

describe('headRevision', () => {
  it.each([
    ['a branch', { '.git/HEAD': 'ref: refs/heads/main\n', '.git/refs/heads/main': `${A}\n` }, A],
    ['a detached head', { '.git/HEAD': `${B}\n` }, B],
    ['a packed branch', { '.git/HEAD': 'ref: refs/heads/a+b\n', '.git/packed-refs': `# pack-refs\n${B} refs/heads/axb\n${A} refs/heads/a+b\n` }, A],
    [
      'a worktree',
      {
        '.git': 'gitdir: real/worktrees/w\n',
        'real/worktrees/w/HEAD': 'ref: refs/heads/main\n',
        'real/worktrees/w/commondir': '../..\n',
        'real/refs/heads/main': A,
      },
      A,
    ],
    ['a branch without a commit', { '.git/HEAD': 'ref: refs/heads/main\n' }, undefined],
    ['nonsense', { '.git/HEAD': 'hello' }, undefined],
  ])('reads %s', (_what, files, commit) => {
    expect(revisionIn(files)).toBe(commit);
  });
});
