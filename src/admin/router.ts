import type { Instance } from 'find-my-way';
import type { Route } from './route.ts';

/** What a path led to. */
export interface Match {
  readonly route: Route;
  readonly params: Readonly<Record<string, string | undefined>>;
  /** The path without the prefix under which the handler is mounted. */
  readonly path: string;
}

/** Finds the route of a path. */
export type Router = (path: string) => Match | undefined;

const MAX_PREFIX = 6; // segments of a mount point that a framework left on the URL

/**
 * Makes the router; find-my-way is loaded here, when the first request comes (30 ms of CPU that `start()` does not pay).
 * A framework that leaves the mount point on the URL is served too: what stands before the first route is skipped.
 */
export async function openRouter(routes: readonly Route[]): Promise<Router> {
  const { default: findMyWay } = await import('find-my-way');
  const inner: Instance<never> = (findMyWay as unknown as typeof import('find-my-way'))({
    ignoreTrailingSlash: true,
    ignoreDuplicateSlashes: false,
    maxParamLength: 300,
  }) as Instance<never>;
  for (const route of routes) inner.on('GET', route.path, () => {}, route);
  return (path) => {
    if (path.includes('//')) return undefined; // an empty segment is nobody's prefix
    let rest = path;
    for (let i = 0; i <= MAX_PREFIX; i++) {
      const found = inner.find('GET', rest);
      if (found?.store) return { route: found.store as Route, params: found.params, path: rest };
      const slash = rest.indexOf('/', 1);
      if (slash === -1) return undefined;
      rest = rest.slice(slash);
    }
    return undefined;
  };
}
