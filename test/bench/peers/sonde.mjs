// By its path, as this folder is a package of its own.
import { start, traced } from '../../../dist/public/index.js';
import { work, workAsync } from './work.mjs';

/** Sonde as `start()` sets it up: records leave for the worker thread and the embedded store of an empty folder. */
export async function startSonde(options = {}) {
  const sonde = await start({ service: 'bench', ...options });
  // The queue holds 131,072 spans: a round that stays below it drops none.
  return { sonde, opsPerRound: 100_000, drain: () => sonde.flush(), end: () => sonde.shutdown({ within: '5s' }) };
}

export async function calls({ asynchronous, sampled, started = true, ...options }) {
  const pipeline = started ? await startSonde({ sampling: { ratio: sampled ? 1 : 0 }, ...options }) : {};
  const op = traced('work', asynchronous ? workAsync : work);
  return { asynchronous, op, ...pipeline };
}
