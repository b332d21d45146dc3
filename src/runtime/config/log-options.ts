import { tryDurationMs } from '../../core/duration.ts';
import { parseLevel } from '../../core/level.ts';
import type { RetroOptions } from '../../logs/retro.ts';
import { type RateLimitOptions, rateLimiter, type SamplingOptions, sampler } from '../../logs/sampling.ts';
import type { Config } from './config.ts';
import { isRecord, type Reader, yesNo } from './readers.ts';
import type { Sources } from './sources.ts';

/** The options of `logs` that change which lines are written. */
export function lineOptions(from: Sources): Pick<Config['logs'], 'groups' | 'sampling' | 'rateLimit' | 'retro' | 'console'> {
  return {
    groups: from.pick({ option: 'logs.groups', reader: GROUPS }) ?? {},
    sampling: from.pick({ option: 'logs.sampling', reader: SAMPLING }),
    rateLimit: from.pick({ option: 'logs.rateLimit', reader: RATE_LIMIT }),
    retro: from.pick({ option: 'logs.retroactive', reader: RETROACTIVE }) || undefined,
    console: from.pick({ option: 'logs.console', reader: yesNo }) ?? false,
  };
}

const GROUPS: Reader<Readonly<Record<string, readonly string[]>>> = {
  expected: 'an object of lists of logger names by group name',
  read: (value) =>
    isRecord(value) && Object.values(value).every((names) => Array.isArray(names) && names.every((name) => typeof name === 'string'))
      ? (value as Record<string, string[]>)
      : undefined,
};

const SAMPLING: Reader<SamplingOptions> = {
  expected: 'an object of tick (a duration such as "1s"), first and thereafter (whole numbers)',
  read(value) {
    const given = known(value, ['tick', 'first', 'thereafter']);
    if (given === undefined) return undefined;
    const tickMs = given['tick'] === undefined ? undefined : tryDurationMs(given['tick']);
    if (given['tick'] !== undefined && tickMs === undefined) return undefined;
    const options = defined({ tickMs, first: given['first'], thereafter: given['thereafter'] }) as SamplingOptions;
    return accepted(() => sampler(options)) ? options : undefined;
  },
};

const RATE_LIMIT: Reader<RateLimitOptions> = {
  expected: 'an object of perSecond (a number above 0) and burst (a whole number from 1)',
  read(value) {
    const given = known(value, ['perSecond', 'burst']) as RateLimitOptions | undefined;
    return given !== undefined && accepted(() => rateLimiter(given)) ? given : undefined;
  },
};

const RETROACTIVE: Reader<RetroOptions | false> = {
  expected: 'true, false, or an object of level, linesPerTrace, traces and maxBytes',
  read(value) {
    if (value === true) return {};
    if (value === false) return false;
    const given = known(value, ['level', 'linesPerTrace', 'traces', 'maxBytes']);
    if (given === undefined) return undefined;
    const level = given['level'] === undefined ? 'debug' : parseLevel(given['level']);
    const numbers = ['linesPerTrace', 'traces', 'maxBytes'].every(
      (key) => given[key] === undefined || (Number.isInteger(given[key]) && (given[key] as number) > 0),
    );
    return level !== undefined && numbers ? ({ ...given, level } as RetroOptions) : undefined;
  },
};

/** The object, where it has no other keys than these. */
function known(value: unknown, keys: readonly string[]): Record<string, unknown> | undefined {
  return isRecord(value) && Object.keys(value).every((key) => keys.includes(key)) ? value : undefined;
}

function defined(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

function accepted(make: () => unknown): boolean {
  try {
    make();
    return true;
  } catch {
    return false;
  }
}
