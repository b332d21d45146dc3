import { clock } from '../core/clock.ts';
import { captureSite, OWN, type Site } from './origin.ts';
import { nextId } from './registry.ts';

/**
 * Immediates that repeat: a callback that schedules itself again keeps the process busy and alive. One call in {@link EVERY} is
 * looked at, so that a single immediate costs a counter; a place seen in {@link REPEATS} samples within {@link FRESH_MS} repeats.
 */
const EVERY = 256; // a self-repeating immediate runs 100,000 times a second: seen hundreds of times a second
const REPEATS = 4; // a burst of 1,000 immediates in one turn is no repetition
const FRESH_MS = 2_000; // a place that was not seen for so long has stopped
const MAX_PLACES = 200; // places that use setImmediate this often are few

/** After so many turns of the event loop one that repeats is known, and once more. */
export const KNOWN_TURNS = EVERY * (REPEATS + 1);

/** Whether any immediate waits to run. */
export function hasImmediates(): boolean {
  return process.getActiveResourcesInfo().includes('Immediate');
}

export interface RepeatingImmediate {
  readonly id: number;
  readonly site: Site;
  readonly sinceMono: number;
  readonly lastMono: number;
  /** An estimate: samples times {@link EVERY}. */
  readonly runs: number;
}

interface Place {
  /** As of every handle: what began before a leak guard is not blamed on it. */
  readonly id: number;
  readonly site: Site;
  sinceMono: number;
  lastMono: number;
  samples: number;
}
const places = new Map<string, Place>();
let count = 0;

const released = new Set<string>(); // places whose immediates no longer hold the process

/** Notes an immediate that is about to be set; answers whether it is to be let go of. */
export function noteImmediate(below: (...args: never[]) => unknown): boolean {
  if (released.size > 0 && released.has(captureSite(below).text)) return true;
  if ((++count & (EVERY - 1)) === 0) sample(captureSite(below));
  return false;
}

/** Makes the immediates of these places stop holding the process, from the next one on. */
export function releaseImmediates(ids: ReadonlySet<number>): boolean {
  for (const { id, site } of places.values()) if (ids.has(id)) released.add(site.text);
  return released.size > 0;
}

function sample(site: Site): void {
  if (site === OWN) return;
  const mono = clock.mono();
  const known = places.get(site.text);
  if (known && mono - known.lastMono <= FRESH_MS) {
    known.samples++;
    known.lastMono = mono;
    return;
  }
  if (known || places.size < MAX_PLACES) places.set(site.text, { id: nextId(), site, sinceMono: mono, lastMono: mono, samples: 1 });
}

/** The places whose immediates repeat now. */
export function repeatingImmediates(): RepeatingImmediate[] {
  const mono = clock.mono();
  const found: RepeatingImmediate[] = [];
  for (const place of places.values()) {
    if (mono - place.lastMono > FRESH_MS) places.delete(place.site.text);
    else if (place.samples >= REPEATS)
      found.push({ id: place.id, site: place.site, sinceMono: place.sinceMono, lastMono: place.lastMono, runs: place.samples * EVERY });
  }
  return found;
}
