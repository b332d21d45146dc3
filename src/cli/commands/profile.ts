import { writeFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { formatMs } from '../../core/duration.ts';
import type { CliContext } from '../context.ts';
import { unreachable, wrongUsage } from '../exit-codes.ts';
import { readCount } from '../options.ts';
import { cleanLine } from '../output/clean.ts';
import { type Cell, table } from '../output/table.ts';
import { decodeProfile, functionAt, type Profile } from '../pprof/decode.ts';
import { type HotFunction, hottest, totalOf } from '../pprof/hottest.ts';
import { findProcess, type ProcessOptions, type RunningProcess, refused } from '../process-client.ts';

export interface ProfileOptions extends ProcessOptions {
  readonly seconds?: string;
  readonly out?: string;
  readonly top?: string;
  /** Where to write a flame graph; `true`: beside the profile. */
  readonly flame?: string | true;
}

const KINDS: Readonly<Record<string, string>> = { cpu: 'profile', heap: 'heap', allocs: 'allocs' };
const MAX_SECONDS = 60; // what the process allows
const MAX_UNZIPPED = 512 * 1024 * 1024;

/** `sonde profile [cpu|heap|allocs]`: takes a profile of a running process, saves it and prints the hottest functions. */
export async function profileCommand(context: CliContext, kind: string, options: ProfileOptions): Promise<void> {
  const route = KINDS[kind];
  if (route === undefined) throw wrongUsage(`Cannot take a profile of "${kind}": expected cpu, heap or allocs`);
  const seconds = readCount('--seconds', options.seconds, MAX_SECONDS) ?? 10;
  const top = readCount('--top', options.top, 1_000) ?? 20;
  const target = findProcess(context, options);
  const zipped = await takeProfile(target, `/debug/pprof/${route}?seconds=${seconds}`, seconds);
  const path = options.out ?? `sonde-${kind}-${new Date(context.io.now()).toISOString().replace(/[:.]/g, '-')}.pb.gz`;
  save(path, zipped);
  const profile = read(zipped, target);
  const flame = options.flame === true ? `${path.replace(/(?:\.pb)?(?:\.gz)?$/, '')}.html` : options.flame;
  if (flame !== undefined) {
    const { flameGraph } = await import('../pprof/flame.ts');
    save(
      flame,
      flameGraph(profile, `${kind} of ${target.name}`, (value) => amount(value, profile.unit)),
    );
  }
  const functions = hottest(profile, top);
  if (context.json)
    context.printJson({ path, flame, type: profile.type, unit: profile.unit, durationMs: profile.durationMs, total: totalOf(profile), functions });
  else context.print(profileText(profile, functions, path, flame, context));
}

async function takeProfile(target: RunningProcess, path: string, seconds: number): Promise<Buffer> {
  const answer = await target.request('GET', path, { timeoutMs: (seconds + 15) * 1_000, accept: 'application/octet-stream' });
  if (answer.status === 409) throw unreachable(`${target.name} is taking another profile; try again when it is done`, 'busy');
  if (answer.status !== 200) throw refused(target, path, answer.status, answer.body.toString('utf8'));
  return answer.body;
}

function save(path: string, bytes: Buffer | string): void {
  try {
    writeFileSync(path, bytes);
  } catch (error) {
    throw unreachable(`Cannot write "${path}": ${(error as Error).message}; give another place with --out or --flame`);
  }
}

function read(zipped: Buffer, target: RunningProcess): Profile {
  try {
    return decodeProfile(gunzipSync(zipped, { maxOutputLength: MAX_UNZIPPED }));
  } catch (error) {
    throw unreachable(`Cannot read the profile of ${target.name}: ${(error as Error).message}`);
  }
}

function profileText(profile: Profile, functions: readonly HotFunction[], path: string, flame: string | undefined, { style, tableWidth }: CliContext): string {
  const total = totalOf(profile);
  const share = (value: number): string => `${((value / Math.max(total, 1)) * 100).toFixed(1)}%`;
  const head: Cell[] = ['SELF', '', 'TOTAL', '', 'FUNCTION', 'AT'].map((text, i) => ({ text, right: i < 4, colour: style.faint }));
  const rows = functions.map(({ frame, self, total: all }): Cell[] => [
    { text: amount(self, profile.unit), right: true, colour: style.bold },
    { text: share(self), right: true },
    { text: amount(all, profile.unit), right: true },
    { text: share(all), right: true },
    { text: cleanLine(frame.name), colour: style.accent },
    { text: cleanLine(functionAt(frame)), colour: style.faint },
  ]);
  const over = profile.durationMs > 0 ? ` over ${formatMs(profile.durationMs)}` : '';
  const graph = flame === undefined ? '' : `flame graph in ${cleanLine(flame)}\n`;
  return `${style.bold(`${amount(total, profile.unit)} of ${cleanLine(profile.type)}${over}`)}, saved in ${cleanLine(path)} (go tool pprof -http : "${cleanLine(path)}")\n${graph}${table([head, ...rows], tableWidth)}`;
}

function amount(value: number, unit: string): string {
  if (unit === 'nanoseconds') return formatMs(value / 1e6);
  if (unit === 'microseconds') return formatMs(value / 1e3);
  if (unit !== 'bytes') return String(value);
  for (const [name, size] of [
    ['GB', 1e9],
    ['MB', 1e6],
    ['kB', 1e3],
  ] as const)
    if (value >= size) return `${(value / size).toPrecision(3)}${name}`;
  return `${value}B`;
}
