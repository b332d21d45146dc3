import type { Slo } from './slo.ts';

/** How a call ended. */
export type CallResult = 'ok' | 'error' | 'cancelled';

/** Receives the outcome of every call of one function; bound once, so that a call looks nothing up. */
export interface CallCell {
  /**
   * @param durationMs monotonic milliseconds
   * @param caller the traced function that made the call, where there is one
   * @param scope the scope of the call, from which an exemplar can be taken
   */
  observe(durationMs: number, result: CallResult, caller: FunctionDef | undefined, scope: unknown): void;
  /** Milliseconds below which 99 of 100 calls stayed: a bucket's bound, infinite above the last one; `undefined` before 100 calls. */
  p99Ms?(): number | undefined;
}

/** What is known of one instrumented function. One object a function, made when it is wrapped. */
export interface FunctionDef {
  /** Dense, from 0: an index into tables. */
  readonly id: number;
  readonly name: string;
  readonly module: string;
  /** `file:line` where it was wrapped, where that is known. */
  readonly site: string | undefined;
  /** Calls under way. */
  active: number;
  /** Where the RED metrics of the calls go; set when telemetry starts. */
  cell: CallCell | undefined;
  readonly slo: Slo | undefined;
}

const defs: FunctionDef[] = [];
let onDefine: ((def: FunctionDef) => void) | undefined;

const bySite = new Map<string, FunctionDef>();

/**
 * Registers a function. One that was registered with the same name at the same place is the same function: a program
 * may wrap a closure in every request.
 */
export function defineFunction(name: string, module: string, site?: string, slo?: Slo): FunctionDef {
  if (site === undefined) return register(name, module, site, slo);
  const key = `${site} ${name} ${module}`;
  const known = bySite.get(key);
  if (known !== undefined) return known;
  const def = register(name, module, site, slo);
  bySite.set(key, def);
  return def;
}

function register(name: string, module: string, site: string | undefined, slo: Slo | undefined): FunctionDef {
  const def: FunctionDef = { id: defs.length, name, module, site, active: 0, cell: undefined, slo };
  defs.push(def);
  onDefine?.(def);
  return def;
}

/** Every function defined so far, by ID. */
export function functionDefs(): readonly FunctionDef[] {
  return defs;
}

/** Calls `fn` for each function there is and each to come, until the returned function is called. */
export function watchFunctionDefs(fn: (def: FunctionDef) => void): () => void {
  onDefine = fn;
  for (const def of defs) fn(def);
  return () => {
    if (onDefine === fn) onDefine = undefined;
  };
}
