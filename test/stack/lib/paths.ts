/** Paths of the servers, from test/stack/run.mjs. */
export const PATHS: Readonly<Record<string, string>> = JSON.parse(process.env.STACK_TEST_PATHS ?? '{}') as Record<string, string>;
