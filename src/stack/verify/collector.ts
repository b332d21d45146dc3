import type { InferOutput } from 'valibot';
import { nearest } from '../../core/nearest.ts';
import type { COLLECTOR } from './shapes/collector.ts';

type Collector = InferOutput<typeof COLLECTOR>;

/** Components that are used and not defined, defined and not used, and an order that loses data. */
export function collectorProblems(config: Collector): string[] {
  const pipelines = Object.entries(config.service.pipelines);
  const problems: string[] = [];
  const check = (kind: string, defined: readonly string[], used: ReadonlySet<string>): void => {
    for (const name of used) {
      if (defined.includes(name)) continue;
      const near = nearest(name, defined);
      problems.push(`${kind} "${name}" is used and not defined${near ? `; did you mean "${near}"?` : ''}`);
    }
    for (const name of defined) if (!used.has(name)) problems.push(`${kind} "${name}" is defined and not used`);
  };
  const connectors = Object.keys(config.connectors ?? {});
  const used = (role: 'receivers' | 'processors' | 'exporters'): Set<string> => new Set(pipelines.flatMap(([, pipeline]) => pipeline[role] ?? []));
  check('extension', Object.keys(config.extensions), new Set(config.service.extensions));
  check('receiver', Object.keys(config.receivers), without(used('receivers'), connectors));
  check('processor', Object.keys(config.processors), used('processors'));
  check('exporter', Object.keys(config.exporters), without(used('exporters'), connectors));
  for (const connector of connectors) {
    if (!used('exporters').has(connector) || !used('receivers').has(connector))
      problems.push(`connector "${connector}" must end one pipeline and begin another`);
  }
  for (const [name, pipeline] of pipelines) {
    if (pipeline.processors?.[0] !== 'memory_limiter')
      problems.push(`pipeline "${name}": memory_limiter must come first, or memory runs out before it can refuse`);
  }
  for (const [name, exporter] of Object.entries(config.exporters)) {
    const queue = (exporter as { sending_queue?: { storage?: unknown } } | null)?.sending_queue;
    if (!queue?.storage) problems.push(`exporter "${name}": sending_queue.storage is missing, so a restart would lose what waits`);
  }
  return problems;
}

function without(names: ReadonlySet<string>, taken: readonly string[]): Set<string> {
  return new Set([...names].filter((name) => !taken.includes(name)));
}
