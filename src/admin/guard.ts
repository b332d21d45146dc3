import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { clock } from '../core/clock.ts';
import { Latch } from '../core/latch.ts';
import { type Answer, failure } from './answer.ts';
import type { AdminDeps, Refusal } from './deps.ts';

/** Whether a request is served; else what it is told. */
export type Verdict = { readonly allowed: true } | { readonly allowed: false; readonly reason: Refusal; readonly answer: Answer };

const ALLOWED: Verdict = { allowed: true };

/**
 * Decides who is served. Requests that a browser sends for another site are refused always; then the token or the
 * hook decides where there is one, else only peers on this machine that address it by a local name.
 */
export async function judge(request: IncomingMessage, deps: Pick<AdminDeps, 'token' | 'authorize'>, opensPage: boolean): Promise<Verdict> {
  const foreign = foreignSite(request, opensPage);
  if (foreign) return foreign;
  const { token, authorize } = deps;
  if (isOfOwnFile(request)) return ALLOWED; // the file's mode decided already
  if (token !== undefined && bearerEquals(request.headers.authorization, token)) return ALLOWED;
  if (authorize) {
    return (await asked(authorize, request)) ? ALLOWED : refuse('authorize', 'not authorized');
  }
  if (token !== undefined)
    return { allowed: false, reason: 'token', answer: failure(401, 'a bearer token is needed', { 'www-authenticate': 'Bearer realm="sonde"' }) };
  if (!isLoopbackPeer(request)) return refuse('peer', 'only local peers are served; give start() a token or an authorize hook');
  if (!isLocalHost(request.headers.host)) return refuse('host', 'the Host header names another host');
  return ALLOWED;
}

function refuse(reason: Refusal, message: string): Verdict {
  return { allowed: false, reason, answer: failure(403, message) };
}

const MAX_ASKED_MS = 5_000; // a hook that looks a session up needs less; one that hangs must not hold the places of requests

/** What the hook says; one that throws or does not answer in time says no. */
async function asked(authorize: NonNullable<AdminDeps['authorize']>, request: IncomingMessage): Promise<boolean> {
  const over = new Latch<boolean>();
  const timer = clock.setTimeout(() => over.release(false), MAX_ASKED_MS);
  try {
    return (await Promise.race([authorize(request), over.promise])) === true;
  } catch {
    return false;
  } finally {
    clock.clearTimeout(timer);
  }
}

/**
 * A link that a person follows from another site (a dashboard, a ticket) may open a page: nothing can be changed by
 * it and the other site cannot read it. Everything else from another site is refused.
 */
function foreignSite(request: IncomingMessage, opensPage: boolean): Verdict | undefined {
  const { origin, host } = request.headers;
  const site = request.headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') {
    const safe = request.method === 'GET' || request.method === 'HEAD';
    const follows = request.headers['sec-fetch-mode'] === 'navigate' && request.headers['sec-fetch-dest'] === 'document';
    if (!(opensPage && safe && follows)) return refuse('cross_site', 'requests from another site are refused');
  }
  if (origin !== undefined && !sameOrigin(origin, host)) return refuse('origin', 'requests from another origin are refused');
  return undefined;
}

function sameOrigin(origin: string, host: string | undefined): boolean {
  if (host === undefined) return false;
  try {
    const { protocol, host: originHost } = new URL(origin);
    if (protocol !== 'http:' && protocol !== 'https:') return false;
    return originHost === new URL(`${protocol}//${host}`).host;
  } catch {
    return false;
  }
}

/** Compares digests, so that neither length nor content shows in the time it takes. */
function bearerEquals(header: string | undefined, token: string): boolean {
  const match = header === undefined || header.length > 8_192 ? null : /^bearer +(.+)$/i.exec(header);
  return timingSafeEqual(digest(match?.[1]?.trim() ?? ''), digest(token)) && match !== null;
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

const byFile = new WeakSet<object>();

/** Serves whoever can connect to this server: it listens on a file that only the user of the process can open. */
export function trustFileOf(server: object): void {
  byFile.add(server);
}

function isOfOwnFile({ socket }: IncomingMessage): boolean {
  const { server } = socket as { server?: object };
  return server !== undefined && byFile.has(server);
}

/** Of the application's own file a proxy on this machine makes use, for everybody: it is a local peer and no more. */
function isUnixSocket({ socket }: IncomingMessage): boolean {
  return !socket.destroyed && socket.remoteAddress === undefined && socket.remoteFamily === undefined && socket.localPort === undefined;
}

/** What proxies add to what they forward, each a part of them: nginx, HAProxy, Envoy, Traefik, Apache, cloudflared. */
const OF_PROXIES = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip', 'cf-connecting-ip'];

/** A proxy on this machine speaks for somebody else: what it forwards is no local peer. */
function isLoopbackPeer(request: IncomingMessage): boolean {
  const { socket, headers } = request;
  if (OF_PROXIES.some((name) => headers[name] !== undefined)) return false;
  if (isUnixSocket(request)) return true;
  const address = socket.remoteAddress ?? '';
  return address === '::1' || /^(?:::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(address);
}

/** HTTP/1.0 needs no Host; browsers, whom rebinding is about, always send one. */
function isLocalHost(host: string | undefined): boolean {
  return host === undefined || /^(?:localhost|[a-z0-9-]+\.localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])\.?(?::\d{1,5})?$/i.test(host);
}
