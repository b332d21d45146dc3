import { fileURLToPath } from 'node:url';

/**
 * The folder of this package's modules, as an address that ends in a slash: `src/`, or `dist/` when built. Right as long
 * as this module, or the chunk that it is built into, lies one folder below it.
 */
export const OWN_URL = new URL('../', import.meta.url).href;

/** The same as a path, with its separator at the end. Files below it are our own: a frame of theirs is nobody's call. */
export const OWN_FOLDER = fileURLToPath(OWN_URL);
