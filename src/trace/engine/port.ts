import type { Attributes } from '../../core/attributes.ts';
import type { FunctionDef } from '../../core/function-def.ts';
import type { Scope } from '../../core/scope.ts';
import { findScopePlace } from '../../core/scope-place.ts';
import type { OpenScope } from '../open-spans.ts';

/** The scope that a call runs in; its `span` is the call's own. */
export interface CallScope extends OpenScope {
  /** The traced function that made the call, where there is one. */
  readonly caller: FunctionDef | undefined;
  /** Ends its span; `endMono` is in monotonic milliseconds. */
  finish(endMono: number): void;
}

/** What `traced` and `span` need of a tracing engine. Everything else goes through the OpenTelemetry API. */
export interface Engine {
  readonly name: 'native' | 'otel-sdk';
  /** Starts a span below the one of `parent`. `def` is absent for `span()`; `hint` is for the sampler only. */
  open(parent: Scope, def: FunctionDef | undefined, name: string, kind: number, hint?: Attributes): CallScope;
}

/** The engine in use; `undefined` until telemetry starts. A live binding: the hot path reads it without a call. */
export let engine: Engine | undefined;

/** Puts an engine in place; returns a function that puts the former one back. */
export function installEngine(next: Engine): () => void {
  findScopePlace();
  const former = engine;
  engine = next;
  return () => {
    if (engine === next) engine = former;
  };
}
