import { watchClients } from './client.ts';
import type { HttpClientOptions } from './client-call.ts';
import { watchFetch } from './fetch.ts';
import { type HttpServerOptions, watchServers } from './server.ts';

/** What of HTTP is watched. */
export interface WatchHttpOptions extends HttpServerOptions, HttpClientOptions {}

/** Watches servers, `node:http` clients and `fetch`; returns a function that stops. */
export function watchHttp(options: WatchHttpOptions): () => void {
  const stops = [watchServers(options), watchClients(options), watchFetch(options)];
  return () => {
    for (const stop of stops) stop();
  };
}
