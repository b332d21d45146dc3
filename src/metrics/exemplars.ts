import { clock } from '../core/clock.ts';
import type { Scope } from '../core/scope.ts';

/** A trace that stands for a value: OpenMetrics' exemplar. */
export interface Exemplar {
  readonly labels: string;
  readonly value: number;
  readonly timestampMs: number;
}

const SAMPLED = 1; // W3C trace flag

/**
 * The turn of the exemplars: it moves on with each scrape that shows them, and each bucket takes one exemplar a turn.
 * A call therefore compares two integers, and only the first one of a turn asks for a trace ID.
 */
export let exemplarTurn = 1;

/** Begins the next turn. */
export function nextExemplarTurn(): void {
  exemplarTurn++;
}

let isKept: ((traceId: string) => boolean) | undefined;

/** Sets how to ask whether a trace is kept after all; without it the sampled flag decides. */
export function setTraceKept(ask: ((traceId: string) => boolean) | undefined): void {
  isKept = ask;
}

/** Whether the page should show the exemplar: the trace that it names can be looked up. */
export function traceKept(traceId: string): boolean {
  return isKept === undefined || isKept(traceId);
}

/** An exemplar of `value` naming the trace of `scope`, where that trace is sampled. */
export function exemplarOf(scope: Scope, value: number): Exemplar | undefined {
  // Our engine's scope carries its flags as a number: an unsampled call is refused without making a span context.
  const flags = (scope as { readonly flags?: unknown }).flags;
  if (typeof flags === 'number' && (flags & SAMPLED) === 0) return undefined;
  const span = scope.span;
  if (span === undefined) return undefined;
  const context = span.spanContext();
  if ((context.traceFlags & SAMPLED) === 0) return undefined;
  return { labels: `trace_id="${context.traceId}"`, value, timestampMs: clock.now() };
}
