import type { SpanLike } from '../core/scope.ts';
import { isObject, type Sighting } from './identity.ts';
import { readStack } from './stack.ts';

const MAX_FRAMES = 32; // traced calls above one another; deeper is recursion

interface TracedFrame {
  readonly name: string;
  readonly site?: string | undefined;
}

/** What an engine's span tells of the calls around it: of our own the traced caller, the span above of others. */
interface NestedSpan extends SpanLike {
  readonly caller?: TracedFrame | undefined;
  readonly parent?: NestedSpan | undefined;
}

/**
 * The chain of traced functions that V8's text does not show, innermost first, as further lines of the stack:
 * `at traced checkout.place (orders.ts:12)`. V8 loses the callers where an error crosses a timer, an event or a callback.
 */
export function tracedFrames(error: unknown, sighting: Sighting | undefined, span: SpanLike | undefined): string {
  const chain: TracedFrame[] = [];
  for (const { def } of sighting?.crossed ?? []) if (def) chain.push(def);
  for (let at = span as NestedSpan | undefined; at !== undefined && chain.length < MAX_FRAMES; at = at.parent) {
    for (const frame of [at.def, at.caller]) if (frame && !chain.includes(frame)) chain.push(frame);
  }
  if (chain.length === 0) return '';
  const own = isObject(error) ? readStack(error) : '';
  let text = '';
  for (const { name, site } of chain.slice(0, MAX_FRAMES)) {
    const short = name.slice(name.lastIndexOf('.') + 1);
    if (own.includes(`${short} (`) || own.includes(`${short} [as`)) continue; // V8 still has it
    text += site === undefined ? `\n    at traced ${name}` : `\n    at traced ${name} (${site})`;
  }
  return text;
}
