import type { IncomingMessage } from 'node:http';
import { bind } from '../core/bind.ts';
import { routeWanted } from '../core/route-interest.ts';
import { currentScope, ROOT } from '../core/scope.ts';

const ROUTE = Symbol.for('sonde.http.route');
type Routed = IncomingMessage & { [ROUTE]?: string; route?: { path?: unknown }; baseUrl?: unknown };

const MAX_ROUTE = 1024; // characters; a template is written by hand

/**
 * Tells which route template serves a request: its span is named `GET /orders/:id`, its metrics have the label. The adapters of
 * frameworks call it; who routes by hand does too. Never the address itself, which has as many values as there are orders.
 *
 * Shape: any time before the response is over; the last one wins. What is no text, or empty, is ignored.
 *
 * @example
 * import { createServer } from 'node:http';
 * const server = createServer((request, response) => {
 *   setRoute(request, '/orders/:id');
 *   response.end();
 * });
 */
export function setRoute(request: IncomingMessage, route: string): void {
  if (typeof route !== 'string' || route === '' || route.length > MAX_ROUTE || typeof request !== 'object' || request === null) return;
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
