import type { TraceIdentity } from '../../core/ended-span.ts';
import type { FunctionDef } from '../../core/function-def.ts';


/** Decides whether the trace that begins with a span is kept. Spans below follow their parent. */
export type RootSampler = (trace: TraceIdentity, def: FunctionDef | undefined, name: string, kind: number) => boolean;

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
