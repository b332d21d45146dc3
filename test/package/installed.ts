import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const root = join(import.meta.dirname, '..', '..');

export interface PackageJson {
  readonly name: string;
  readonly version: string;
  readonly bin: Record<string, string>;
  readonly exports: Record<string, string | { types: string; default: string }>;
  readonly dependencies: Record<string, string>;
  readonly peerDependencies: Record<string, string>;
}

interface Locked {
  readonly version?: string;
  readonly dev?: boolean;
  readonly peer?: boolean;
  readonly [key: string]: unknown;
}

export async function readPackage(): Promise<PackageJson> {
  return JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as PackageJson;
}

/** Packs the repository as it is built; returns the path of the tarball. */
export async function pack(folder: string): Promise<string> {
  const { stdout } = await execute('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], { cwd: root, maxBuffer: 64e6 });
  const listed = JSON.parse(stdout) as { filename: string }[] | Record<string, { filename: string }>;
  const [first] = Object.values(listed);
  if (!first) throw new Error('Cannot pack the repository: npm pack listed no file');
  return join(folder, basename(first.filename));
}

/**
 * Installs the tarball in an empty folder, without scripts. The dependencies are those of the lock file, so that the
 * cache which `npm ci` filled serves them and no registry is asked.
 */
export async function install(tarball: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const own = await readPackage();
  const lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as { packages: Record<string, Locked> };
  const kept = Object.entries(lock.packages).filter(
    ([path, locked]) => path !== '' && (locked.dev !== true || Object.hasOwn(own.peerDependencies, path.slice('node_modules/'.length))),
  );
  const resolved = `file:${tarball}`;
  const peers = Object.fromEntries(Object.keys(own.peerDependencies).map((name) => [name, String(lock.packages[`node_modules/${name}`]?.version)]));
  const project = { name: 'empty-folder', version: '1.0.0', private: true, dependencies: { [own.name]: resolved, ...peers } };
  const integrity = `sha512-${createHash('sha512')
    .update(await readFile(tarball))
    .digest('base64')}`;
  const { version, dependencies, peerDependencies, bin } = own;
  const packages = {
    '': project,
    [`node_modules/${own.name}`]: { version, resolved, integrity, dependencies, peerDependencies, bin },
    ...Object.fromEntries(kept.map(([path, { dev: _dev, ...locked }]) => [path, locked])),
  };
  await writeFile(join(folder, 'package.json'), JSON.stringify(project));
  await writeFile(join(folder, 'package-lock.json'), JSON.stringify({ name: project.name, version: '1.0.0', lockfileVersion: 3, requires: true, packages }));
  await execute('npm', ['ci', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund'], { cwd: folder, maxBuffer: 64e6 });
}

/** Runs a program of `folder` with the Node that runs the tests; never rejects. */
export async function runNode(folder: string, args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  try {
    return { code: 0, ...(await execute(process.execPath, [...args], { cwd: folder, timeout: 600_000 })) };
  } catch (error) {
    const { code, stdout, stderr } = error as { code?: number; stdout?: string; stderr?: string };
    return { code: typeof code === 'number' ? code : -1, stdout: stdout ?? '', stderr: stderr ?? String(error) };
  }
}
