import type { ContextManager, TextMapPropagator, TracerProvider } from '@opentelemetry/api';
import { warn } from '../../core/diag.ts';

/** What is given to the OpenTelemetry API. */
export interface ApiParts {
  readonly provider: TracerProvider;
  readonly contextManager: ContextManager;
  readonly propagator: TextMapPropagator;
}

interface ApiGlobal {
  readonly version: string;
  readonly trace?: { getDelegate?(): object };
  readonly context?: object;
  readonly propagation?: object;
}

/** The name of the SDK that holds the API in this process already; `undefined` where nobody does. */
export function registeredSdk(): string | undefined {
  const api = (globalThis as { [key: symbol]: unknown })[Symbol.for('opentelemetry.js.api.1')] as ApiGlobal | undefined;
  const held = api?.trace?.getDelegate?.() ?? api?.trace ?? api?.context;
  return held === undefined ? undefined : held.constructor.name;
}

/**
 * Makes our engine the one behind `@opentelemetry/api`, so that instrumentations use it. Where another SDK was faster
 * it is left in place and one line says what to do. Returns a function that takes back what was registered.
 */
export async function registerApi(parts: ApiParts): Promise<() => void> {
  const holder = registeredSdk();
  if (holder !== undefined) {
    warn(
      'otel-registered',
      `another OpenTelemetry SDK (${holder}) is registered in this process: its instrumentations keep reporting there; ` +
        'remove its start-up, or start Sonde before it, to have their spans in Sonde',
    );
    return () => undefined;
  }
  const { context, propagation, trace } = await import('@opentelemetry/api');
  context.setGlobalContextManager(parts.contextManager);
  propagation.setGlobalPropagator(parts.propagator);
  trace.setGlobalTracerProvider(parts.provider);
  return () => {
    trace.disable();
    propagation.disable();
    context.disable();
  };
}
