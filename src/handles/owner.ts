import { isAborted } from '../core/limit.ts';
import type { Scope } from '../core/scope.ts';

/** Who opened a handle: the traced function or span around it. */
export interface Owner {
  readonly name: string | undefined;
  readonly traceId: string;
  readonly spanId: string;
}

/** The owner that a scope tells, where there is one. */
export function ownerOf(scope: Scope | undefined): Owner | undefined {
  const span = scope?.span;
  if (!span) return undefined;
  const { traceId, spanId } = span.spanContext();
  return { name: span.def?.name ?? span.name, traceId, spanId };
}

/** Why the owner is over: its span ended (a call returned, a request was answered) or its scope was aborted; `undefined` while it runs. */
export function ownerEnded(scope: Scope | undefined): 'span ended' | 'scope aborted' | undefined {
  if (!scope) return undefined;
  if (scope.limit && isAborted(scope.limit)) return 'scope aborted';
  const span = scope.span as ({ readonly hasEnded?: unknown; readonly ended?: unknown } & NonNullable<Scope['span']>) | undefined;
  if (!span) return undefined;
  const told = span.hasEnded ?? span.ended; // our engine's name, and the SDK's
  if (typeof told === 'boolean') return told ? 'span ended' : undefined;
  // A span that is not sampled never records: it cannot tell.
  return (span.spanContext().traceFlags & 1) === 1 && !span.isRecording() ? 'span ended' : undefined;
}
