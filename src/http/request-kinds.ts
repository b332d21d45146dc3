import type { Attributes } from '../core/attributes.ts';
import type { AttributeBag } from '../core/records.ts';
import { splitHost } from './attributes.ts';
import type { HttpRecorder, ServerMeasure, ServerSeries } from './port.ts';

/**
 * Requests that have method, scheme, route and status in common, and so their name, their series and most attributes:
 * these are made once, and written once for many spans.
 */
export class RequestKind {
  readonly measure: ServerMeasure;
  /** The span's name. */
  readonly name: string;
  readonly series: ServerSeries | undefined;
  private host: string | undefined = undefined;
  private shared: Attributes | undefined = undefined;

  constructor(measure: ServerMeasure, recorder: HttpRecorder | undefined) {
    this.measure = measure;
    const method = nameOf(measure.method);
    this.name = measure.route === undefined ? method : `${method} ${measure.route}`;
    this.series = recorder?.server(measure);
  }

  /** What the spans of requests to this host have in common. Requests mostly name one host: the last answer is kept. */
  attributesFor(host: string | undefined): Attributes {
    if (this.shared === undefined || this.host !== host) {
      this.host = host;
      this.shared = sharedAttributes(this.measure, host);
    }
    return this.shared;
  }
}

/** The name of a span that has no route yet. */
export function nameOf(method: string): string {
  return method === '_OTHER' ? 'HTTP' : method;
}

function sharedAttributes({ method, scheme, route, status, errorType }: ServerMeasure, host: string | undefined): Attributes {
  const { address, port } = splitHost(host, scheme === 'https' ? 443 : 80);
  const bag: AttributeBag = { 'http.request.method': method, 'url.scheme': scheme, 'server.address': address, 'server.port': port };
  if (route !== undefined) bag['http.route'] = route;
  if (status !== 0) bag['http.response.status_code'] = status;
  if (errorType !== undefined) bag['error.type'] = errorType;
  return Object.freeze(bag);
}

const MAX_ROUTES = 500; // routes whose kinds are at hand; of what is not kept the kind is made anew
const MAX_KINDS = 32; // methods and statuses of a route

/** The kinds that have been seen. */
export class RequestKinds {
  readonly #recorder: HttpRecorder | undefined;
  readonly #byRoute = new Map<string | undefined, RequestKind[]>();

  constructor(recorder: HttpRecorder | undefined) {
    this.#recorder = recorder;
  }

  /** `status` is 0 where no response was sent; `cut` is the `error.type` of what ended the answer before its end. */
  of(method: string, scheme: string, route: string | undefined, status: number, cut?: string): RequestKind {
    const errorType = cut ?? (status >= 500 ? String(status) : undefined);
    const kinds = this.#byRoute.get(route);
    if (kinds !== undefined) {
      for (const kind of kinds) {
        const { measure } = kind;
        if (measure.status === status && measure.method === method && measure.scheme === scheme && measure.errorType === errorType) return kind;
      }
    }
    const kind = new RequestKind({ method, scheme, route, status, errorType }, this.#recorder);
    if (kinds === undefined) {
      if (this.#byRoute.size < MAX_ROUTES) this.#byRoute.set(route, [kind]);
    } else if (kinds.length < MAX_KINDS) kinds.push(kind);
    return kind;
  }
}
