import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bad, type Finding, ok, warning } from './finding.ts';

const MAX_PACKAGES = 5_000; // of one node_modules folder

interface Copy {
  readonly version: string;
  readonly path: string;
}

/**
 * The copies of `@opentelemetry/api` in a program. A library whose copy is newer than the one that Sonde registered gets spans that do
 * nothing, and nobody says so; one that is older works.
 */
export function checkApi(folder: string): Finding[] {
  const [own, ...others] = findCopies(folder);
  if (own === undefined)
    return [
      warning(
        'opentelemetry',
        `no @opentelemetry/api in "${folder}/node_modules": instrumentations have nothing to register with; npm install @opentelemetry/api`,
      ),
    ];
  const newer = others.filter(({ version }) => compare(version, own.version) > 0);
  if (newer.length > 0)
    return newer.map((copy) =>
      bad(
        'opentelemetry',
        `"${copy.path}" is ${copy.version}, newer than ${own.version}: its spans are lost silently; npm install @opentelemetry/api@${copy.version}`,
      ),
    );
  return [ok('opentelemetry', `@opentelemetry/api ${own.version}${others.length > 0 ? `, and ${others.length} older copies that work with it` : ''}`)];
}

/** The copy of the program first, then those inside of its packages. */
function findCopies(folder: string): Copy[] {
  const modules = join(folder, 'node_modules');
  const holders = [folder, ...packagesIn(modules).map((name) => join(modules, name))];
  return holders.flatMap((holder) => {
    const path = join(holder, 'node_modules', '@opentelemetry', 'api');
    const version = versionAt(path);
    return version === undefined ? [] : [{ version, path }];
  });
}

function packagesIn(modules: string): string[] {
  const names = list(modules).flatMap((name) => (name.startsWith('@') ? list(join(modules, name)).map((inner) => join(name, inner)) : [name]));
  return names.slice(0, MAX_PACKAGES);
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function versionAt(path: string): string | undefined {
  try {
    return String((JSON.parse(readFileSync(join(path, 'package.json'), 'utf8')) as { version?: unknown }).version);
  } catch {
    return undefined;
  }
}

function compare(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split(/[.-]/).slice(0, 3).map(Number));
  for (let i = 0; i < 3; i++) {
    const difference = (left?.[i] || 0) - (right?.[i] || 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
