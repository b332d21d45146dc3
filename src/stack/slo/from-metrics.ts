import { FUNCTION_SLO, ROUTE_SLO } from '../alerts/slo-subject.ts';
import type { ServiceSlo } from './declared.ts';

type Objective = ServiceSlo['objectives'][number];

/** What a running process promises, by its page of metrics. */
export function objectivesOf(metrics: string): Objective[] {
  const found = new Map<string, Objective>();
  for (const { name, labels, value } of samples(metrics)) {
    const { function: function_, module, http_request_method: method, http_route: route } = labels;
    const key = function_ === undefined ? `${method} ${route}` : `${module} ${function_}`;
    if (name === FUNCTION_SLO.objective && function_ !== undefined && module !== undefined) found.set(key, { function: function_, module, objective: value });
    else if (name === ROUTE_SLO.objective && method !== undefined && route !== undefined) found.set(key, { route: `${method} ${route}`, objective: value });
    else if (name === FUNCTION_SLO.latency || name === ROUTE_SLO.latency) {
      const objective = found.get(key);
      if (objective) objective.latency = `${Number((value * 1_000).toPrecision(12))}ms`;
    }
  }
  return [...found.values()];
}

/** The samples of the objectives' families; they come after each other, objectives before latencies. */
function* samples(metrics: string): Generator<{ name: string; labels: Record<string, string>; value: number }> {
  for (const [, name = '', text = '', value = ''] of metrics.matchAll(/^(sonde_slo_[a-z_]+)\{(.*)\} (\S+)/gm)) {
    const labels: Record<string, string> = {};
    for (const [, label = '', quoted = ''] of text.matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g)) {
      labels[label] = quoted.replaceAll(/\\(.)/g, (_, symbol: string) => (symbol === 'n' ? '\n' : symbol));
    }
    yield { name, labels, value: Number(value) };
  }
}
