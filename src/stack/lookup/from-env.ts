import type { Lookup } from '../../store/lookup.ts';
import { openRemoteLookup } from './remote-lookup.ts';
import type { ServerOptions } from './server.ts';

/** The look-up at the servers that the environment names: `SONDE_LOKI_URL`, `_TOKEN`, `_TENANT`, and the same for Tempo. */
export function lookupFromEnv(env: Readonly<Record<string, string | undefined>>): Lookup {
  return openRemoteLookup({ loki: server('Loki', 'SONDE_LOKI', env), tempo: server('Tempo', 'SONDE_TEMPO', env) });
}

function server(name: string, prefix: string, env: Readonly<Record<string, string | undefined>>): ServerOptions | undefined {
  const url = env[`${prefix}_URL`];
  return url ? { name, url, token: env[`${prefix}_TOKEN`], tenant: env[`${prefix}_TENANT`] } : undefined;
}
