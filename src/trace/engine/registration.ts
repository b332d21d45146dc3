import type { ContextManager, DiagLogger, TextMapPropagator, TracerProvider } from '@opentelemetry/api';
import { clock, type TimerHandle } from '../../core/clock.ts';
import { warn } from '../../core/diag.ts';
import { type ApiCopy, importedTwins, isNewer, loadedApiCopies, ownApiCopy } from './api-copies.ts';

/** What is given to the OpenTelemetry API. */
export interface ApiParts {
  readonly provider: TracerProvider & { retire(): void };
  readonly contextManager: ContextManager;
  readonly propagator: TextMapPropagator;
}

/** The object by which all copies of the API 1.x find what was registered. */
interface ApiGlobal {
  version: string;
  trace?: { getDelegate?(): object } | TracerProvider;
  context?: object;
  propagation?: object;
  diag?: DiagLogger;
}

const GLOBAL_KEY = Symbol.for('opentelemetry.js.api.1');
const globals = globalThis as { [key: symbol]: ApiGlobal | undefined };
// Libraries are loaded in the first seconds, now and then with the first request.
const CHECKS_MS = [1_000, 30_000];

/** The name of the SDK that holds the API in this process already; `undefined` where nobody does. */
export function registeredSdk(): string | undefined {
  const api = globals[GLOBAL_KEY];
  const held = registeredProvider() ?? api?.context;
  return held === undefined ? undefined : held.constructor.name;
}

/** Who is behind the API now, also where its proxy stands before them; `undefined` where nobody is. */
export function registeredProvider(): TracerProvider | undefined {
  const held = globals[GLOBAL_KEY]?.trace as (TracerProvider & { getDelegate?(): TracerProvider }) | undefined;
  return held?.getDelegate?.() ?? held;
}

/**
 * Makes our engine the one behind `@opentelemetry/api`, for every loaded copy of it, so that instrumentations use it.
 * Where another SDK was faster it is left in place and one line says what to do. Returns a function that takes back
 * what was registered.
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
  const loaded = loadedApiCopies();
  const registration = new Registration(parts, [await ownApiCopy(), ...loaded, ...(await importedTwins(loaded))]);
  return () => registration.undo();
}

const nothing = (): void => undefined;
/** The API refuses whoever comes second, and tells its diagnostic logger only; where the program has none, this one says it. */
const REFUSALS: DiagLogger = {
  error(message) {
    if (!/duplicate registration of API: (trace|context|propagation)/.test(message)) return;
    warn(
      'otel-refused',
      'another OpenTelemetry SDK was started after Sonde, and @opentelemetry/api refused it: the spans of its instrumentations are in Sonde, its exporters get none; ' +
        'remove its start-up, or start it before Sonde to have them there',
    );
  },
  warn: nothing,
  info: nothing,
  debug: nothing,
  verbose: nothing,
};

function withoutRefusals(): void {
  const api = globals[GLOBAL_KEY];
  if (api?.diag === REFUSALS) delete api.diag;
}

/** The program's own diagnostic logger takes the place of ours unsaid: the API warns of a logger that is overwritten. Returns what undoes it. */
function yieldLogger({ exports: { diag } }: ApiCopy): () => void {
  const setLogger = diag?.setLogger;
  if (diag === undefined || setLogger === undefined) return nothing;
  const yielding = (...args: unknown[]): unknown => {
    withoutRefusals();
    return setLogger.apply(diag, args);
  };
  diag.setLogger = yielding;
  return () => {
    if (diag.setLogger === yielding) diag.setLogger = setLogger;
  };
}

class Registration {
  readonly #parts: ApiParts;
  readonly #known = new Map<string, ApiCopy>();
  readonly #undo: (() => void)[] = [];
  #timers: TimerHandle[] = [];

  constructor(parts: ApiParts, copies: readonly ApiCopy[]) {
    this.#parts = parts;
    this.#adopt(copies);
    const { provider, contextManager, propagator } = parts;
    // A copy may have made the object before us, for its diagnostics; `setGlobal…` of another version refuses it then.
    Object.assign(globals[GLOBAL_KEY] as ApiGlobal, { trace: provider, context: contextManager, propagation: propagator });
    (globals[GLOBAL_KEY] as ApiGlobal).diag ??= REFUSALS;
    this.#timers = CHECKS_MS.map((ms) => clock.setTimeout(() => this.#checkLate(), ms));
  }

  /** Points copies to our provider, under the highest version among them. Returns those that were not known. */
  #adopt(copies: readonly ApiCopy[]): ApiCopy[] {
    const fresh = copies.filter(({ path }) => !this.#known.has(path));
    for (const copy of fresh) {
      this.#known.set(copy.path, copy);
      this.#undo.push(yieldLogger(copy));
      const api = globals[GLOBAL_KEY];
      // Another object and not another version in it: from 1.10 on the version cannot be written, and copies remember the object.
      if (api === undefined || isNewer(copy.version, api.version)) globals[GLOBAL_KEY] = { ...api, version: copy.version };
      // Tracers that a library asked for before we registered wait behind this proxy.
      copy.exports.trace?._proxyTracerProvider?.setDelegate?.(this.#parts.provider);
    }
    return fresh;
  }

  #checkLate(): void {
    const before = globals[GLOBAL_KEY]?.version ?? '1.0.0';
    const lost = this.#adopt(loadedApiCopies()).filter(({ version }) => isNewer(version, before));
    const [first] = lost;
    if (first === undefined) return;
    warn(
      'otel-api-newer',
      `${first.path} is @opentelemetry/api ${first.version}, newer than the ${before} that Sonde registered with: what it traced until now is lost, ` +
        `from now on it is kept; run "npm install @opentelemetry/api@${first.version}" to have one version`,
    );
  }

  undo(): void {
    this.#parts.provider.retire();
    for (const timer of this.#timers) clock.clearTimeout(timer);
    this.#timers = [];
    for (const undo of this.#undo) undo();
    withoutRefusals();
    const api = globals[GLOBAL_KEY];
    if (api === undefined || registeredProvider() !== this.#parts.provider) return; // somebody else took over
    delete api.trace;
    if (api.context === this.#parts.contextManager) delete api.context;
    if (api.propagation === this.#parts.propagator) delete api.propagation;
    for (const { exports } of this.#known.values()) exports.trace?.disable?.(); // forgets the proxy's delegate
  }
}
