import type { IncomingMessage } from 'node:http';
import { bind } from '../core/bind.ts';
import { routeWanted } from '../core/route-interest.ts';
import { currentScope, ROOT } from '../core/scope.ts';

const ROUTE = Symbol.for('sonde.http.route');
type Routed = IncomingMessage & { [ROUTE]?: string; route?: { path?: unknown }; baseUrl?: unknown };

/** Tells which route template (`/orders/:id`) serves a request; a framework's adapter calls it. */
export function setRoute(request: IncomingMessage, route: string): void {
  (request as Routed)[ROUTE] = route;
  if (routeWanted && currentScope() !== ROOT) bind({ 'http.route': route });
}

/** The route of a request: what an adapter said, else what express left on the request. */
export function routeOf(request: IncomingMessage): string | undefined {
  const { [ROUTE]: told, route, baseUrl } = request as Routed;
  if (told !== undefined) return told;
  if (typeof route?.path !== 'string') return undefined;
  return (typeof baseUrl === 'string' ? baseUrl : '') + route.path;
}
