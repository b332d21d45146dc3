/** Paths of the servers, from test/stack/run.mjs. */
export const PATHS: Readonly<Record<string, string>> = JSON.parse(process.env.SONDE_STACK_PATHS ?? '{}') as Record<string, string>;
