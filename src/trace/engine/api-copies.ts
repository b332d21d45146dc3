import { createRequire } from 'node:module';
import { join, sep } from 'node:path';

/** One loaded copy of `@opentelemetry/api`; libraries may bring their own. */
export interface ApiCopy {
  readonly version: string;
  /** The folder of the package. */
  readonly path: string;
  readonly exports: ApiExports;
}

/** What of a copy is touched. */
export interface ApiExports {
  readonly trace?: { disable?(): void; readonly _proxyTracerProvider?: { setDelegate?(provider: unknown): void } };
}

const VERSION_FILE = join('build', 'src', 'version.js');

/** The copies of API 1.x that are loaded so far. Node loads all of them as CommonJS, also for an `import`. */
export function loadedApiCopies(): ApiCopy[] {
  const { cache } = createRequire(import.meta.url);
  const copies: ApiCopy[] = [];
  for (const key of Object.keys(cache)) {
    if (!key.endsWith(sep + VERSION_FILE)) continue;
    const path = key.slice(0, -VERSION_FILE.length - 1);
    // The file's name is a common one of OpenTelemetry's packages; only the API has this one beside it.
    if (cache[join(path, 'build', 'src', 'internal', 'global-utils.js')] === undefined) continue;
    const version: unknown = (cache[key]?.exports as { VERSION?: unknown } | undefined)?.VERSION;
    if (typeof version !== 'string' || !version.startsWith('1.')) continue;
    copies.push({ version, path, exports: (cache[join(path, 'build', 'src', 'index.js')]?.exports ?? {}) as ApiExports });
  }
  return copies;
}

/** Whether version `a` of the API is newer than `b`: a copy works with a registration of its own minor version or a newer one. */
export function isNewer(a: string, b: string): boolean {
  const [left, right] = [a, b].map((version) => version.split(/[.-]/).map(Number)) as [number[], number[]];
  for (let i = 0; i < 3; i++) if (left[i] !== right[i]) return (left[i] ?? 0) > (right[i] ?? 0);
  return false;
}
