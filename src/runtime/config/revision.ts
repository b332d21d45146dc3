import { readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

const MAX_PARENTS = 8; // as for package.json
const COMMIT = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/;

/** The git commit that is checked out around `folder`, from git's own files; `undefined` where there is no checkout. */
export function headRevision(folder: string): string | undefined {
  try {
    const dir = gitFolder(folder);
    if (dir === undefined) return undefined;
    const head = readFileSync(join(dir, 'HEAD'), 'utf8').trim();
    const ref = /^ref: (\S+)$/.exec(head)?.[1];
    const commit = ref === undefined ? head : readRef(dir, ref);
    return commit !== undefined && COMMIT.test(commit) ? commit : undefined;
  } catch {
    return undefined; // not a checkout that can be read
  }
}

function gitFolder(folder: string): string | undefined {
  let at = folder;
  for (let i = 0; i < MAX_PARENTS; i++) {
    const path = join(at, '.git');
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat?.isDirectory()) return path;
    // A worktree or a submodule has a file that says where its folder is.
    if (stat?.isFile())
      return resolve(
        at,
        readFileSync(path, 'utf8')
          .replace(/^gitdir:\s*/, '')
          .trim(),
      );
    if (dirname(at) === at) return undefined;
    at = dirname(at);
  }
  return undefined;
}

function readRef(dir: string, ref: string): string | undefined {
  const common = statSync(join(dir, 'commondir'), { throwIfNoEntry: false }) ? resolve(dir, readFileSync(join(dir, 'commondir'), 'utf8').trim()) : dir;
  const loose = join(common, ref);
  if (statSync(loose, { throwIfNoEntry: false })?.isFile()) return readFileSync(loose, 'utf8').trim();
  return new RegExp(`^([0-9a-f]+) ${ref.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`, 'm').exec(readFileSync(join(common, 'packed-refs'), 'utf8'))?.[1];
}
