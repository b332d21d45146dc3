import type { Attributes } from '../core/attributes.ts';
import { defineFunction, type FunctionDef } from '../core/function-def.ts';
import { ownerName } from '../core/owner-name.ts';
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
    const className = place.className ?? ownerName(place, self, wrapper);
    return className ? `${className}.${place.key}` : place.key;
  }
  return fn.name || `anonymous (${siteText(plan.site)?.split('/').at(-1) ?? 'unknown'})`;
}
