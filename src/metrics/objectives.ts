import { functionDefs } from '../core/function-def.ts';
import { defineReading, type Reading } from './registry.ts';

const LABELS = ['function', 'module'];

/** Shows what functions promise (`traced({ slo })`), so that the alert rules can compare: one rule serves every objective. */
export function showObjectives(): () => void {
  const stops = [
    defineReading(
      { type: 'gauge', name: 'sonde_slo_objective_ratio', help: 'Share of calls that a traced function promises to serve without an error', labels: LABELS },
      function* (): Iterable<Reading> {
        for (const { name, module, slo } of functionDefs()) if (slo) yield { labels: { function: name, module }, value: slo.objective };
      },
    ),
    defineReading(
      { type: 'gauge', name: 'sonde_slo_latency_seconds', help: 'Latency that a traced function promises for 99 of 100 calls', labels: LABELS },
      function* (): Iterable<Reading> {
        for (const { name, module, slo } of functionDefs())
          if (slo?.latencyMs !== undefined) yield { labels: { function: name, module }, value: slo.latencyMs / 1_000 };
      },
    ),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}
