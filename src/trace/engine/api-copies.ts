import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** One loaded copy of `@opentelemetry/api`; libraries may bring their own. */
export interface ApiCopy {
  readonly version: string;
  /** Where it was loaded from. */
  readonly path: string;
  readonly exports: ApiExports;
}

/** What of a copy is touched. */
export interface ApiExports {
  readonly diag?: { setLogger?(...args: unknown[]): unknown };
  readonly trace?: { disable?(): void; readonly _proxyTracerProvider?: { setDelegate?(provider: unknown): void } };
}

// The files of the package up to 1.9 and from 1.10. The last one tells it from OpenTelemetry's other packages.
const LAYOUTS = [
  { version: join('build', 'src', 'version.js'), index: join('build', 'src', 'index.js'), mark: join('build', 'src', 'internal', 'global-utils.js') },
  { version: join('dist', 'version.cjs'), index: join('dist', 'index.cjs'), mark: join('dist', 'internal', 'global-utils.cjs') },
] as const;

const require = createRequire(import.meta.url);

/** The copies of API 1.x that were loaded as CommonJS so far; up to 1.9 that is all of them, an `import` loads them so too. */
export function loadedApiCopies(): ApiCopy[] {
  const { cache } = require;
  const copies: ApiCopy[] = [];
  for (const key of Object.keys(cache)) {
    const layout = LAYOUTS.find(({ version }) => key.endsWith(version));
    if (layout === undefined) continue;
    const path = key.slice(0, -layout.version.length - 1);
    if (cache[join(path, layout.mark)] === undefined) continue;
    const version: unknown = (cache[key]?.exports as { VERSION?: unknown } | undefined)?.VERSION;
    if (typeof version === 'string' && version.startsWith('1.'))
      copies.push({ version, path, exports: (cache[join(path, layout.index)]?.exports ?? {}) as ApiExports });
  }
  return copies;
}

/**
 * Our own copy, as the module that an `import` of it gives. Up to 1.9 that is the CommonJS one, whose 44 modules are not
 * loaded for this (22 ms): one that nobody loaded yet has no tracers that wait, and finds what is registered when it comes.
 * From 1.10 on it is another instance, and only an `import` tells whether it was loaded.
 */
export async function ownApiCopy(): Promise<ApiCopy> {
  const file = require.resolve('@opentelemetry/api');
  const layout = LAYOUTS.find(({ index }) => file.endsWith(index));
  const path = `${file} (import)`;
  // Without a package.json where it belongs (a bundle): the oldest version that our package allows.
  const version = layout === undefined ? '1.9.1' : versionIn(file.slice(0, -layout.index.length));
  const exports = layout === LAYOUTS[0] ? require.cache[file]?.exports : await import('@opentelemetry/api');
  return { version, path, exports: (exports ?? {}) as ApiExports };
}

function versionIn(folder: string): string {
  return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }).version;
}

/** The instances that an `import` of copies from 1.10 on gives; loading one that was not loaded yet does no harm. */
export async function importedTwins(copies: readonly ApiCopy[]): Promise<ApiCopy[]> {
  const twins = copies.map(async ({ path, version }): Promise<ApiCopy[]> => {
    const file = join(path, 'dist', 'index.mjs');
    if (!existsSync(file)) return [];
    return [{ version, path: file, exports: (await import(pathToFileURL(file).href)) as ApiExports }];
  });
  return (await Promise.all(twins)).flat();
}

/** Whether version `a` of the API needs a newer registration than `b`: a copy works with its own minor version or a newer one. */
export function isNewer(a: string, b: string): boolean {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number)) as [number[], number[]];
  return (left[0] ?? 0) > (right[0] ?? 0) || (left[0] === right[0] && (left[1] ?? 0) > (right[1] ?? 0));
}
