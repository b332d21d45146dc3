import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** The reader of source maps: three modules that only who maps a stack needs. Loaded at once, because such a look-up does not wait. */
export function traceMapping(): typeof import('@jridgewell/trace-mapping') {
  return require('@jridgewell/trace-mapping') as typeof import('@jridgewell/trace-mapping');
}
