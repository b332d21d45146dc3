import type { IncomingMessage } from 'node:http';

/** What a request asks for. */
export interface Target {
  /** The path as it was sent. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** The mount point that still stands before the path; `undefined` where nobody knows it. */
  readonly prefix: string | undefined;
}

export const MAX_URL = 4_096; // no route needs more

/** A request that a framework may have passed on with another URL. */
type Passed = IncomingMessage & { readonly originalUrl?: string; readonly baseUrl?: string };

/**
 * Reads the target of a request, strictly: `undefined` where two readers could take it for two things, so that nobody
 * between us and the client believes that it asked for something else.
 */
export function readTarget(request: Passed, prefix: string | undefined): Target | undefined {
  const url = request.url ?? '/';
  if (url.length > MAX_URL || request.httpVersionMajor < 1 || !hasOneHost(request)) return undefined;
  const mark = url.indexOf('?');
  const path = mark === -1 ? url : url.slice(0, mark);
  if (!isPlainPath(path)) return undefined;
  const isStripped = !!request.baseUrl || (request.originalUrl !== undefined && request.originalUrl !== url);
  return { path, query: new URLSearchParams(mark === -1 ? '' : url.slice(mark + 1)), prefix: isStripped ? '' : prefix };
}

const DOTS = /\/(?:\.|%2e){1,2}(?:\/|$)/i;

/** A path from the root, without empty segments, dot segments, backslashes and control characters, encoded ones too. */
function isPlainPath(path: string): boolean {
  if (!path.startsWith('/') || path.includes('//') || DOTS.test(path)) return false;
  try {
    return !/[\u0000-\u001f\u007f\\]/.test(decodeURIComponent(path));
  } catch {
    return false;
  }
}

/** Node keeps the first `Host` and forgets the others; whoever stands before us may keep the last. HTTP/1.1 needs one. */
function hasOneHost({ rawHeaders = [], httpVersion }: IncomingMessage): boolean {
  let hosts = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) if (rawHeaders[i]?.toLowerCase() === 'host') hosts++;
  return hosts === 1 || (hosts === 0 && httpVersion !== '1.1');
}

/** From the page of `path` to the mount point, such as `../`: relative links work below any prefix, also behind a proxy that strips one. */
export function upOf(request: Passed, path: string): string {
  const shown = (request.originalUrl ?? request.url ?? '/').split('?', 1)[0] as string;
  if (path === '/' && !shown.endsWith('/')) return `./${shown.slice(shown.lastIndexOf('/') + 1)}/`; // the dot keeps `javascript:` a name
  return '../'.repeat(Math.max(0, path.split('/').length - 2)) || './';
}
