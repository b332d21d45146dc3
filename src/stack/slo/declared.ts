import * as v from 'valibot';
import { tryDurationMs } from '../../core/duration.ts';
import { closed, text } from '../verify/shape.ts';

const NAME = text(/^[^\p{Cc}{}"\\]+$/u, 'a name without quotes, braces and control characters');
const promise = {
  objective: v.pipe(v.number(), v.gtValue(0, 'a share between 0 and 1, such as 0.999'), v.ltValue(1, 'a share between 0 and 1, such as 0.999')),
  latency: v.optional(
    v.pipe(
      v.string(),
      v.check((text) => (tryDurationMs(text) ?? 0) > 0, 'a duration with its unit, such as "300ms"'),
    ),
  ),
};

const ofFunction = closed({ function: NAME, module: NAME, ...promise });
const ofRoute = closed({ route: text(/^[A-Z]+ \/[^\s"\\]*$/, 'a method and a route, such as "POST /orders"'), ...promise });

/** collector/slo/<service>.yml: what a service promises. */
export const SERVICE_SLO = closed({
  service: text(/^\w[\w.-]{0,99}$/, 'a name of letters, digits, dots and hyphens'),
  objectives: v.pipe(
    // Which of the two it is says a key; a union would say no more than that neither fits.
    v.array(v.lazy((input) => (typeof input === 'object' && input !== null && 'route' in input ? ofRoute : ofFunction))),
    v.minLength(1, 'expected at least one objective'),
  ),
});

interface Promised {
  objective: number;
  latency?: string | undefined;
}

/** What a service promises, as it is declared. */
export interface ServiceSlo {
  readonly service: string;
  readonly objectives: readonly (Promised & ({ function: string; module: string } | { route: string }))[];
}

/** Where the promises of services are declared, below the folder that holds docker-compose.yml. */
export const SLO_FOLDER = 'collector/slo';
