// By its path, as this folder is a package of its own.
import * as sonde from '../../../dist/public/index.js';
import { startSonde } from './sonde.mjs';

/**
 * A variant in a process that Sonde watches, whoever's wrapper it measures: there an `AsyncLocalStorage` is in use, which on Node
 * 20 makes every promise dearer.
 */
export const watched = (make) => async () => {
  const { opsPerRound, drain, end } = await startSonde();
  sonde.traced('use the storage', () => {})();
  return { asynchronous: true, op: await make(sonde), opsPerRound, drain, end };
};
