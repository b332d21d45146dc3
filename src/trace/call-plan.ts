import type { Attributes } from '../core/attributes.ts';
import { defineFunction, type FunctionDef } from '../core/function-def.ts';
import type { Slo } from '../core/slo.ts';
import { noteFunction } from '../core/traced-functions.ts';
import type { AnyFunction, MethodPlace } from '../core/wrapper.ts';
import { type CallSite, siteText } from './call-site.ts';

/** What is decided once for a traced function, so that a call decides nothing. */
export interface CallPlan {
  /** `undefined` until the first call of a decorated method, which tells its class. */
  def: FunctionDef | undefined;
  readonly name: string | undefined;
  readonly place: MethodPlace | undefined;
  readonly module: string | undefined;
  readonly site: CallSite;
  readonly kind: number;
  readonly attributes: ((...args: never[]) => Attributes | undefined) | undefined;
  readonly boundary: string | undefined;
  readonly callback: boolean;
  readonly untilReturn: boolean;
  readonly slo: Slo | undefined;
}

/** The definition of a plan's function; made when the name is known at the latest: on the first call, with its `this`. */
export function resolveDef(plan: CallPlan, fn: AnyFunction, self: unknown, wrapper: AnyFunction | undefined): FunctionDef {
  if (plan.def === undefined) {
    plan.def = defineFunction(nameOf(plan, fn, self, wrapper), plan.module ?? plan.site.module, siteText(plan.site), plan.slo);
    noteFunction(plan.def, fn);
  }
  return plan.def;
}

function nameOf(plan: CallPlan, fn: AnyFunction, self: unknown, wrapper: AnyFunction | undefined): string {
  if (plan.name !== undefined) return plan.name;
  const { place } = plan;
  if (place !== undefined) {
    const className = place.className ?? ownerOf(place, self, wrapper);
    return className ? `${className}.${place.key}` : place.key;
  }
  return fn.name || `anonymous (${siteText(plan.site)?.split('/').at(-1) ?? 'unknown'})`;
}

/** The name of the class that a method was written in: the one whose prototype (or which itself) owns the wrapper. */
function ownerOf(place: MethodPlace, self: unknown, wrapper: AnyFunction | undefined): string | undefined {
  try {
    if ((typeof self !== 'object' && typeof self !== 'function') || self === null) return undefined;
    let nearest: string | undefined;
    for (let owner: object | null = self; owner !== null; owner = Object.getPrototypeOf(owner) as object | null) {
      const property = Object.getOwnPropertyDescriptor(owner, place.key);
      if (property === undefined) continue;
      const name = classNameOf(place, owner);
      if (property.value === wrapper || property.get === wrapper || property.set === wrapper) return name;
      nearest ??= name;
    }
    return nearest ?? classNameOf(place, self);
  } catch {
    return undefined; // a proxy or a getter refused; the bare method name has to do
  }
}

function classNameOf(place: MethodPlace, owner: object): string | undefined {
  const name: unknown = place.isStatic ? (owner as { name?: unknown }).name : owner.constructor?.name;
  return typeof name === 'string' ? name : undefined;
}
