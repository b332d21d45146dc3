import type { Attributes } from '../core/attributes.ts';
import type { Scope } from '../core/scope.ts';
import type { Exchange } from '../http/exchange.ts';
import type { OpenRequests } from '../http/open-requests.ts';
import { routeOf } from '../http/route.ts';

const MAX_LOOKED_AT = 5_000; // open requests; a service with more has other worries than the route of one error
const MAX_TEXT = 200;

/** What an error record says of the request in which it happened: found among the open ones by its trace, so that a request that goes well pays nothing. */
export function requestFacts(open: OpenRequests<Exchange>): (scope: Scope) => Attributes | undefined {
  return (scope) => {
    const trace = traceOf(scope);
    const exchange = trace === undefined ? undefined : open.find((one) => traceOf(one.scope) === trace, MAX_LOOKED_AT);
    if (exchange === undefined) return undefined;
    const { request } = exchange.message;
    const id = request.headers['x-request-id'];
    return {
      'http.request.method': request.method,
      'http.route': routeOf(request),
      'url.path': exchange.target.path.slice(0, MAX_TEXT),
      'http.request.id': typeof id === 'string' ? id.slice(0, MAX_TEXT) : undefined,
    };
  };
}

/** What the spans of one trace share: with our own engine an object, which is quicker to compare than the text of an ID. */
function traceOf({ span }: Scope): unknown {
  return (span as { trace?: unknown } | undefined)?.trace ?? span?.spanContext().traceId;
}
