import dns from 'node:dns';
import { currentScope, runInScope } from '../../core/scope.ts';
import { Crowd, DNS, DNS_PROMISE, FETCH, Fetching, LISTENERS, TARGET_LISTENERS, Work } from '../kinds.ts';
import { captureSite, maySpend, type Site } from '../origin.ts';
import { enter, noteClosed, noteOpened } from '../registry.ts';
import { listen } from './net.ts';
import { patchMethod, quietly, type Undo, undoAll } from './patch.ts';

type Anything = (...args: never[]) => unknown;

/** Look-ups and fetches under way, and emitters with more listeners than their bound. */
export function patchRequests(): Undo {
  return undoAll([...patchLookups(), patchFetch(), watchListeners()]);
}

function patchLookups(): Undo[] {
  return [
    patchMethod(dns, 'lookup', lookup),
    patchMethod(dns, 'resolve', lookup),
    patchMethod(dns, 'reverse', lookup),
    patchMethod(dns.promises, 'lookup', promisedLookup),
    patchMethod(dns.promises, 'resolve', promisedLookup),
  ];
}

function lookup<F>(original: F, enabled: () => boolean): F {
  function wrapped(this: unknown, ...args: unknown[]): unknown {
    const done = args.at(-1);
    if (!enabled() || typeof done !== 'function') return Reflect.apply(original as Anything, this, args as never[]);
    const work = new Work(typeof args[0] === 'string' ? args[0] : undefined);
    pending.add(work);
    quietly(() => noteOpened(DNS, work, wrapped));
    args[args.length - 1] = function (this: unknown): unknown {
      end(work);
      return Reflect.apply(done as Anything, this, arguments);
    };
    try {
      return Reflect.apply(original as Anything, this, args as never[]);
    } catch (error) {
      end(work);
      throw error;
    }
  }
  return wrapped as F;
}

/** The promise itself tells when it is over; nothing is attached to it, so that a rejection nobody handles stays one. */
function promisedLookup<F>(original: F, enabled: () => boolean): F {
  function wrapped(this: unknown, name: unknown): unknown {
    const promise = Reflect.apply(original as Anything, this, arguments);
    if (enabled()) quietly(() => noteOpened(DNS_PROMISE, promise as object, wrapped, String(name)));
    return promise;
  }
  return wrapped as F;
}

/** What is under way is held here until it ends; the registry itself holds it weakly. */
const pending = new Set<Work>();

function end(work: Work): void {
  work.done = true;
  pending.delete(work);
  noteClosed(work);
}

interface UndiciRequest {
  readonly origin?: string | URL;
  readonly path?: string;
  readonly method?: string;
}

const requests = new WeakMap<object, Fetching>();
const SITE = Symbol('sonde.fetch.site');

/**
 * undici's channels say when a request starts and ends, but not who asked: the call of `fetch` does. The request is made some turns later, in
 * the call's own context, which carries the site there: two calls for one address are told apart, and a redirect belongs to its call.
 */
function patchFetch(): Undo {
  const finish = (message: unknown): void => {
    const request = (message as { request: object }).request;
    const work = requests.get(request);
    if (work) end(work);
  };
  return undoAll([
    patchMethod(globalThis, 'fetch', (original, enabled) => {
      function wrapped(this: unknown): Promise<Response> {
        const call = (): Promise<Response> => Reflect.apply(original as Anything, this, arguments) as Promise<Response>;
        const site = enabled() && maySpend() ? captureSite(wrapped, true) : undefined;
        return site === undefined ? call() : runInScope(currentScope().setValue(SITE, site), call);
      }
      return wrapped as typeof fetch;
    }),
    listen('undici:request:create', (message) => begin((message as { request: UndiciRequest & object }).request)),
    listen('undici:client:sendHeaders', (message) => {
      const { request, socket } = message as { request: object; socket?: object };
      const work = requests.get(request);
      if (work && socket) work.socket = new WeakRef(socket);
    }),
    listen('undici:request:trailers', finish),
    listen('undici:request:error', finish),
  ]);
}

function begin(request: UndiciRequest & object): void {
  const site = currentScope().getValue(SITE) as Site | undefined;
  const url = `${String(request.origin ?? '')}${request.path ?? ''}`;
  const work = new Fetching(`${request.method ?? 'GET'} ${url.split('?')[0]}`);
  requests.set(request, work);
  pending.add(work);
  enter(FETCH, work, site);
}

/** One entry an emitter; the registry holds it weakly, so that it lives as long as the emitter. */
const crowds = new WeakMap<object, Crowd>();

/** Node itself warns when an emitter or an event target has more listeners than its bound, and says where the last one came from. */
function watchListeners(): Undo {
  const seen = (warning: Error): void => {
    if (warning.name !== 'MaxListenersExceededWarning') return;
    quietly(() => {
      const { emitter, target, type, count } = warning as Error & { emitter?: object; target?: object; type?: string | symbol; count?: number };
      const owner = emitter ?? target;
      if (!owner || crowds.has(owner)) return;
      const crowd = new Crowd(owner, type ?? '?', count ?? 1);
      crowds.set(owner, crowd);
      enter(emitter ? LISTENERS : TARGET_LISTENERS, crowd, siteInStack(warning.stack));
    });
  };
  process.on('warning', seen);
  return () => {
    process.off('warning', seen);
  };
}

/** The first frame of the program in a stack that Node made. */
function siteInStack(stack: string | undefined): Site | undefined {
  for (const line of stack?.split('\n') ?? []) {
    const match = /(?:\(|at )(?:file:\/\/)?((?:\/|[A-Za-z]:[\\/])[^()]*?):(\d+):(\d+)\)?$/.exec(line);
    if (match === null || line.includes('node_modules')) continue;
    const [, file = '', row = '0', column = '0'] = match;
    return { text: `${file}:${row}:${column}`, file, line: Number(row), column: Number(column), package: 'app', mapped: `${file}:${row}:${column}` };
  }
  return undefined;
}
