import { ROOT, Scope } from '../../core/scope.ts';
import { newTrace, RANDOM, SAMPLED, type SpanHost } from './identity.ts';
import { NativeSpan } from './span.ts';
import { TraceTail } from './tail.ts';

const NAME = 'sonde.shape';
const UNKNOWN_MONO = 0.5; // with a fraction, as every reading of the clock has: the field holds a double from the start

/**
 * One object of each kind that a traced call makes. Whoever holds them keeps their hidden classes alive.
 *
 * Those live only as long as an object does. When the heap is collected while no span is under way, V8 throws away with them
 * the code it had optimised for them, which is all of the hot path: a call took 1.5 to 10 µs in place of 0.2 until that was
 * made anew, after every such collection.
 */
export function shapes(host: SpanHost): readonly object[] {
  const trace = newTrace(host);
  const span = new NativeSpan(ROOT, trace, 1, 1, SAMPLED | RANDOM, undefined, NAME, 0, undefined);
  span.startMono = UNKNOWN_MONO;
  span.discard(UNKNOWN_MONO);
  const kept: object[] = [span, trace, span.detail(), new Scope(ROOT)];
  if (host.keeper !== undefined) kept.push(new TraceTail(host.keeper, UNKNOWN_MONO));
  return kept;
}
