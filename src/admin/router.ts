import type { Instance } from 'find-my-way';
import type { Route } from './route.ts';

/** What a path led to. */
export interface Match {
  readonly route: Route;
  readonly params: Readonly<Record<string, string | undefined>>;
  /** The path without the prefix under which the handler is mounted. */
  readonly path: string;
}

/** Finds the route of a path. A `prefix` must stand before it; where nobody knows the mount point, any may. */
export type Router = (path: string, prefix: string | undefined) => Match | undefined;

const MAX_PREFIX = 6; // segments of a mount point that a framework left on the URL

let router: Promise<Router> | undefined;

/** The router; find-my-way and the routes are loaded when the first request comes (30 ms of CPU that `start()` does not pay). */
export function theRouter(): Promise<Router> {
  router ??= openRouter();
  return router;
}

async function openRouter(): Promise<Router> {
  const [{ default: findMyWay }, { routes }] = await Promise.all([import('find-my-way'), import('./routes.ts')]);
  const inner: Instance<never> = (findMyWay as unknown as typeof import('find-my-way'))({
    ignoreTrailingSlash: true,
    ignoreDuplicateSlashes: false,
    maxParamLength: 300,
  }) as Instance<never>;
  for (const route of routes) inner.on('GET', route.path, () => {}, route);
  const at = (path: string): Match | undefined => {
    const found = inner.find('GET', path);
    return found?.store ? { route: found.store as Route, params: found.params, path } : undefined;
  };
  return (path, prefix) => {
    if (prefix === undefined) return below(path, at);
    if (path === prefix) return at('/');
    return path.startsWith(`${prefix}/`) ? at(path.slice(prefix.length)) : undefined;
  };
}

/** Skips what stands before the first route. A path of one segment that is no route is the mount point itself. */
function below(path: string, at: (path: string) => Match | undefined): Match | undefined {
  let rest = path;
  for (let i = 0; i <= MAX_PREFIX; i++) {
    const found = at(rest);
    if (found) return found;
    const slash = rest.indexOf('/', 1);
    if (slash === -1) return i === 0 ? at('/') : undefined;
    rest = rest.slice(slash);
  }
  return undefined;
}
