import type { FunctionDef } from './function-def.ts';

/** One function of each definition, so that whoever reads a profile finds where in the sources it stands. Held weakly. */
const functions = new Map<FunctionDef, WeakRef<object>>();

/** Notes that `fn` is what `def` speaks of. A closure that is made anew stands where the first one stood. */
export function noteFunction(def: FunctionDef, fn: object): void {
  if (functions.get(def)?.deref() === undefined) functions.set(def, new WeakRef(fn));
}

/** The traced functions that there are still, with their names. */
export function tracedFunctions(): readonly { readonly name: string; readonly fn: object }[] {
  return [...functions].flatMap(([{ name }, ref]) => {
    const fn = ref.deref();
    return fn === undefined ? [] : [{ name, fn }];
  });
}
