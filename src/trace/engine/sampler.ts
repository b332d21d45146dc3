import type { Attributes } from '../../core/attributes.ts';
import { clock } from '../../core/clock.ts';
import type { TraceIdentity } from '../../core/ended-span.ts';
import type { FunctionDef } from '../../core/function-def.ts';

/**
 * Decides whether the trace that begins with a span is kept; spans below follow their parent. `hint` is what is known
 * of the span already (`url.path` of a request).
 */
export type RootSampler = (trace: TraceIdentity, def: FunctionDef | undefined, name: string, kind: number, hint?: Attributes) => boolean;

export const alwaysOn: RootSampler = () => true;
export const alwaysOff: RootSampler = () => false;

/**
 * Keeps a share of the traces by their ID, with the arithmetic of OpenTelemetry's JS SDK, so that services of either
 * engine decide alike.
 */
export function ratioSampler(ratio: number): RootSampler {
  if (typeof ratio !== 'number' || !(ratio >= 0 && ratio <= 1)) throw new RangeError(`Cannot sample a share of ${ratio}: expected a number from 0 to 1`);
  if (ratio === 1) return alwaysOn;
  if (ratio === 0) return alwaysOff;
  const bound = Math.floor(ratio * 0xff_ff_ff_ff);
  return (trace) => (trace.t0 ^ trace.t1 ^ trace.t2 ^ trace.t3) >>> 0 < bound;
}

/** Keeps at most `perSecond` of the traces that `inner` would keep: a token bucket that holds one second's worth, at least one. */
export function rateLimitedSampler(perSecond: number, inner: RootSampler = alwaysOn): RootSampler {
  if (typeof perSecond !== 'number' || !(perSecond >= 0) || perSecond === Number.POSITIVE_INFINITY) {
    throw new RangeError(`Cannot keep ${perSecond} traces a second: expected a number from 0`);
  }
  const capacity = perSecond === 0 ? 0 : Math.max(1, perSecond);
  let tokens = capacity;
  let lastMono = clock.mono();
  return (trace, def, name, kind, hint) => {
    if (!inner(trace, def, name, kind, hint)) return false;
    const nowMono = clock.mono();
    tokens = Math.min(capacity, tokens + ((nowMono - lastMono) * perSecond) / 1_000);
    lastMono = nowMono;
    if (tokens < 1) return false;
    tokens--;
    return true;
  };
}

/** How the traces that begin in some functions or routes are sampled. */
export interface SamplingRule {
  /** The span's name, or that of the traced function; `*` stands for any text: `'health.*'`. */
  readonly function?: string;
  /** The path of an incoming request, without its query; `*` stands for any text: `'/orders/*'`. */
  readonly route?: string;
  /** The share that is kept, 0 to 1; all by default. */
  readonly ratio?: number;
  /** At most so many traces a second. */
  readonly perSecond?: number;
}

/** Samples by the first rule that fits, else by `otherwise`. A rule without `function` and `route` fits everything. */
export function ruleSampler(rules: readonly SamplingRule[], otherwise: RootSampler): RootSampler {
  if (rules.length === 0) return otherwise;
  const compiled = rules.map((rule, index) => compileRule(rule, index));
  return (trace, def, name, kind, hint) => {
    const path = hint?.['url.path'];
    for (const { fits, sampler } of compiled) if (fits(name, path)) return sampler(trace, def, name, kind, hint);
    return otherwise(trace, def, name, kind, hint);
  };
}

interface CompiledRule {
  readonly fits: (name: string, path: unknown) => boolean;
  readonly sampler: RootSampler;
}

function compileRule(rule: SamplingRule, index: number): CompiledRule {
  for (const key of Object.keys(rule)) {
    if (!RULE_KEYS.has(key)) throw new TypeError(`Cannot sample by rule ${index + 1}: "${key}" is unknown, expected one of ${[...RULE_KEYS].join(', ')}`);
  }
  const [fitsName, fitsPath] = [pattern(rule.function), pattern(rule.route)];
  const byRatio = ratioSampler(rule.ratio ?? 1);
  return {
    fits: (name, path) => (fitsName === undefined || fitsName(name)) && (fitsPath === undefined || (typeof path === 'string' && fitsPath(pathOnly(path)))),
    sampler: rule.perSecond === undefined ? byRatio : rateLimitedSampler(rule.perSecond, byRatio),
  };
}

const RULE_KEYS = new Set<string>(['function', 'route', 'ratio', 'perSecond'] satisfies (keyof SamplingRule)[]);

function pathOnly(target: string): string {
  const query = target.indexOf('?');
  return query === -1 ? target : target.slice(0, query);
}

/** Whether a text fits a pattern with `*`; in linear time, for the text may come from outside. */
function pattern(text: string | undefined): ((value: string) => boolean) | undefined {
  if (text === undefined) return undefined;
  const [first = '', ...rest] = text.split('*');
  const last = rest.pop();
  if (last === undefined) return (value) => value === text;
  return (value) => {
    if (!value.startsWith(first) || !value.endsWith(last) || value.length < first.length + last.length) return false;
    let at = first.length;
    for (const part of rest) {
      const found = value.indexOf(part, at);
      if (found === -1) return false;
      at = found + part.length;
    }
    return at <= value.length - last.length;
  };
}

/** How the traces that begin in this process are sampled: rules first, then a share, at most so many a second. */
export interface SamplingOptions {
  readonly ratio?: number | undefined;
  readonly perSecond?: number | undefined;
  readonly rules?: readonly SamplingRule[] | undefined;
}

/** Makes the sampler that the options describe. */
export function createSampler({ ratio = 1, perSecond, rules = [] }: SamplingOptions): RootSampler {
  const byRatio = ratioSampler(ratio);
  return ruleSampler(rules, perSecond === undefined ? byRatio : rateLimitedSampler(perSecond, byRatio));
}
