import { type Slo, type SloOptions, sloOf } from '../core/slo.ts';

/** A route, as the metrics of requests name it, and what it promises. */
export interface RouteSlo extends Slo {
  readonly method: string;
  readonly route: string;
}

const routes = new Map<string, RouteSlo>();

/**
 * Declares what an HTTP route promises, beside the route; the alert rules of the stack compare, as they do for
 * `traced({ slo })`. A request fails when it is answered with 5xx. Works before `start()`; once more replaces it.
 *
 * `route` is the method and the template under which the metrics count it (`http_route`): `'POST /orders/:id'`.
 * Units: `objective` is a share of the requests, `latency` a {@link Duration} that 99 of 100 of them must keep.
 * Errors: `TypeError` for a route without its method, `RangeError` for an objective that is no share.
 *
 * @example
 * slo('POST /orders', { objective: 0.999, latency: '300ms' });
 */
export function slo(route: string, options: SloOptions): void {
  const match = /^([A-Z]+) (\/\S*)$/.exec(route);
  if (!match) throw new TypeError(`Cannot promise for "${String(route)}": expected a method and a route, such as "POST /orders"`);
  if (typeof options !== 'object' || options === null)
    throw new TypeError(`Cannot promise for "${route}": expected an objective, such as { objective: 0.999 }`);
  const [, method = '', path = ''] = match;
  routes.set(route, { method, route: path, ...sloOf(options, 'promise for', route) });
}

/** Every route that promises something. */
export function routeSlos(): Iterable<RouteSlo> {
  return routes.values();
}
