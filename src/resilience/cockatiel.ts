import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

let loaded: typeof import('cockatiel') | undefined;

/** cockatiel, loaded by the first wrapper that goes by its rules: `import 'sonde'` must not load it. */
export function cockatiel(): typeof import('cockatiel') {
  loaded ??= require('cockatiel') as typeof import('cockatiel');
  return loaded;
}
