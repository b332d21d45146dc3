import { setImmediate } from 'node:timers/promises';
import { tracedFunctions } from '../../core/traced-functions.ts';
import type { Post } from './inspector.ts';
import type { SpanNames } from './job.ts';
import { placeKey } from './place-key.ts';
import type { CallFrame } from './v8-profile.ts';

export const NO_NAMES: SpanNames = new Map();

/** The label of a stack, the innermost frame first: the span in which it was. */
export function spanLabels(stack: readonly CallFrame[], names: SpanNames): Readonly<Record<string, string>> {
  if (names.size > 0) {
    for (const frame of stack) {
      const span = names.get(placeKey(frame));
      if (span !== undefined) return { span };
    }
  }
  return NO_LABELS;
}

const NO_LABELS = {};

const MAX_FUNCTIONS = 2_000; // looking one up takes some 50 µs
const AT_ONCE = 20; // then the program has its turn

interface Remote {
  readonly objectId?: string;
}
interface Properties {
  readonly result: readonly { readonly name: string; readonly value?: Remote }[];
  readonly internalProperties?: readonly {
    readonly name: string;
    readonly value?: { readonly value?: Pick<CallFrame, 'scriptId' | 'lineNumber' | 'columnNumber'> };
  }[];
}

const GROUP = 'sonde.profile';

/**
 * Finds where the traced functions stand whose names occur in a profile: V8 tells it through the inspector only. Samples
 * below one of them belong to its span. Gives nothing where the inspector refuses; a profile is good without labels.
 */
export async function findSpanNames(post: Post, frames: Iterable<CallFrame>): Promise<SpanNames> {
  const seen = new Set<string>();
  for (const { functionName } of frames) seen.add(functionName.slice(functionName.lastIndexOf('.') + 1));
  const traced = tracedFunctions()
    .filter(({ fn }) => isSeen(fn, seen))
    .slice(0, MAX_FUNCTIONS);
  const names = new Map<string, string>();
  try {
    for (let i = 0; i < traced.length; i += AT_ONCE) {
      const some = traced.slice(i, i + AT_ONCE);
      const keys = await placesOf(
        post,
        some.map(({ fn }) => fn),
      );
      for (const [at, key] of keys) names.set(key, some[at]?.name ?? '');
      await setImmediate();
    }
  } catch {
    // See above.
  } finally {
    await post('Runtime.releaseObjectGroup', { objectGroup: GROUP }).catch(() => {});
  }
  return names;
}

/** V8 names a frame by what stands in the source: a function without a name there may have got one by where it was put. */
function isSeen(fn: object, seen: ReadonlySet<string>): boolean {
  try {
    const { name } = fn as { name?: unknown };
    return seen.has('') || (typeof name === 'string' && seen.has(name.slice(name.lastIndexOf('.') + 1)));
  } catch {
    return false;
  }
}

/** The place of each function by its index. The list is a global for the moment in which the inspector takes it. */
async function placesOf(post: Post, functions: readonly object[]): Promise<[index: number, key: string][]> {
  const holder = `__sonde_profile_${Math.random().toString(36).slice(2)}`;
  Object.defineProperty(globalThis, holder, { value: functions, configurable: true, enumerable: false });
  let list: { result: Remote };
  try {
    list = await post('Runtime.evaluate', { expression: `globalThis.${holder}`, objectGroup: GROUP, silent: true });
  } finally {
    delete (globalThis as Record<string, unknown>)[holder];
  }
  const { result } = await post<Properties>('Runtime.getProperties', { objectId: list.result.objectId, ownProperties: true });
  const places: [number, string][] = [];
  for (const { name, value } of result) {
    if (!/^\d+$/.test(name) || value?.objectId === undefined) continue;
    const { internalProperties = [] } = await post<Properties>('Runtime.getProperties', { objectId: value.objectId, ownProperties: true });
    const place = internalProperties.find((one) => one.name === '[[FunctionLocation]]')?.value?.value;
    if (place !== undefined) places.push([Number(name), placeKey(place)]);
  }
  return places;
}
