import type { Import } from './imports.ts';

/** The layers of src, lowest first: a folder may import from every row above its own, and never from its own row. */
const ROWS: readonly (readonly string[])[] = [
  ['core'],
  ['errors'],
  ['trace', 'metrics', 'logs', 'handles', 'resilience', 'http'],
  ['admin', 'pipeline', 'store'],
  ['runtime', 'adapters', 'testing', 'stack'],
  ['public', 'cli'],
];

/** Arrows inside a row, each with its reason. */
const WITHIN_ROW: Readonly<Record<string, readonly string[]>> = {
  pipeline: ['store'], // the embedded store is one of the pipeline's sinks
};

interface PackageRule {
  readonly package: RegExp;
  /** Where it may be imported. */
  readonly only: RegExp;
  /** Whether loading it must wait until it is needed; its types may be named at any time. */
  readonly lazy?: boolean;
}

/** Every package that src may import. What is not in this list is refused. */
const PACKAGES: readonly PackageRule[] = [
  { package: /^@opentelemetry\/(sdk-.+|exporter-.+|resources|core)$/, only: /^src\/trace\/otel-sdk\.ts$/, lazy: true },
  { package: /^@opentelemetry\/api$/, only: /^src\/(trace|http|adapters|testing)\// },
  { package: /^pino$/, only: /^src\/logs\// },
  { package: /^prom-client$/, only: /^src\/metrics\//, lazy: true },
  { package: /^nanoid$/, only: /^src\/errors\// },
  { package: /^@jridgewell\/trace-mapping$/, only: /^src\/errors\/(trace-mapping|source-map-cache)\.ts$/, lazy: true },
  { package: /^(cockatiel|lru-cache)$/, only: /^src\/resilience\//, lazy: true },
  { package: /^find-my-way$/, only: /^src\/admin\//, lazy: true },
  { package: /^@photostructure\/sqlite$/, only: /^src\/store\//, lazy: true },
  { package: /^node:sqlite$/, only: /^src\/store\//, lazy: true },
  { package: /^valibot$/, only: /^src\/(runtime|admin|stack)\// },
  { package: /^(yaml|@lezer\/common|@prometheus-io\/lezer-promql|@grafana\/lezer-(logql|traceql))$/, only: /^src\/stack\// },
  { package: /^commander$/, only: /^src\/cli\// },
  { package: /^(express|fastify|hono|@nestjs\/common|vitest)$/, only: /^src\/adapters\//, lazy: true },
];

function rowOf(folder: string): number {
  return ROWS.findIndex((row) => row.includes(folder));
}

/** What is wrong with one import, or `undefined`. */
export function violation({ from, to, kind }: Import): string | undefined {
  const [, folder = ''] = from.split(/[\\/]/);
  const row = rowOf(folder);
  if (row < 0) return `${from}: the folder "${folder}" stands in no row of the layers`;
  if (!to.startsWith('src/')) return packageViolation({ from, to, kind });
  const [, target = ''] = to.split(/[\\/]/);
  if (target === folder) return undefined;
  const targetRow = rowOf(target);
  if (targetRow >= 0 && targetRow < row) return undefined;
  if (WITHIN_ROW[folder]?.includes(target)) return undefined;
  return `${from} imports ${to}: ${folder} may not import ${target}`;
}

function packageViolation({ from, to, kind }: Pick<Import, 'from' | 'to' | 'kind'>): string | undefined {
  const name = to.startsWith('@') ? to.split('/').slice(0, 2).join('/') : to.startsWith('node:') ? to : (to.split('/')[0] ?? to);
  const rule = PACKAGES.find((candidate) => candidate.package.test(name));
  if (!rule) return to.startsWith('node:') ? undefined : `${from} imports ${to}: the package is not in the list of test/architecture/rules.ts`;
  if (!rule.only.test(from)) return `${from} imports ${to}: only ${rule.only.source} may`;
  if (rule.lazy && kind === 'value') return `${from} imports ${to} at once: expected import() when it is first needed, or import type`;
  return undefined;
}

/** The first cycle found in the imports among our own files, types included; `undefined` where there is none. */
export function findCycle(imports: readonly Import[]): string[] | undefined {
  const edges = new Map<string, string[]>();
  for (const { from, to } of imports) if (to.startsWith('src/')) edges.set(from, [...(edges.get(from) ?? []), to]);
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return undefined;
    path.push(file);
    for (const next of edges.get(file) ?? []) {
      const cycle = visit(next);
      if (cycle) return cycle;
    }
    path.pop();
    done.add(file);
    return undefined;
  };
  for (const file of edges.keys()) {
    const cycle = visit(file);
    if (cycle) return cycle;
  }
  return undefined;
}
