import type { Attributes } from '../core/attributes.ts';
import { clock } from '../core/clock.ts';
import { errorReported } from '../core/events.ts';
import { currentScope, type Scope } from '../core/scope.ts';
import { writeStderr } from '../core/stderr.ts';
import { type Classification, classify, publicMessage } from './classify.ts';
import { errorCounts, journalLine, settings } from './configure.ts';
import type { ErrorKind } from './definition.ts';
import { mintErrorId } from './error-id.ts';
import { admit } from './fold.ts';
import { causesOf, fieldOf, type Identity, identify, identityOf, isObject } from './identity.ts';
import { type RecordInput, recordLine } from './record.ts';
import { ReportedError } from './reported-error.ts';

const MAX_SURE = 16_384; // characters of a text that nobody looked at

/** What {@link report} can be told. */
export interface ReportOptions {
  /** Overrides whether this is a known edge case or a bug. */
  readonly kind?: ErrorKind;
  /** Overrides the HTTP status of the answer. */
  readonly status?: number;
  /** The module at whose edge it was caught, such as `payments`. */
  readonly boundary?: string;
  /** How it came here; default `manual`. */
  readonly mechanism?: 'manual' | 'boundary' | 'http.server' | 'uncaughtException' | 'unhandledRejection';
  /** Whether the program goes on as planned; default `true`, `false` for the two mechanisms that end it. */
  readonly handled?: boolean;
  /** Further context of the record; secrets are redacted by key. */
  readonly attributes?: Attributes;
  /** The scope that it happened in; default: the running one. */
  readonly scope?: Scope;
}

/** The answer of {@link report}. */
export interface Reported {
  /** The error ID, as it may be shown to the user. */
  readonly id: string;
  readonly kind: ErrorKind;
  /** HTTP status for the answer. */
  readonly status: number;
  /** The sentence for the user; where the record is not on disk it says so. */
  readonly message: string;
  /** Whether the record is on disk. Where it is not it went to standard error whole. */
  readonly journaled: boolean;
}

/**
 * Records an error and gives it an ID that can always be found: the record is on disk before this returns.
 *
 * Shape: one failure has one ID, however often it is reported, wrapped with `cause` or collected in an `AggregateError`.
 * Errors: never throws, whatever was thrown: frozen errors, strings, `undefined`, proxies.
 * Source: OpenTelemetry semantic conventions, exceptions in logs.
 *
 * @example
 * const failure = new Error('no such table');
 * report(failure).id === report(new Error('cannot load', { cause: failure })).id;
 */
export function report(error: unknown, options: ReportOptions = {}): Reported {
  try {
    return reportNow(error, options);
  } catch (problem) {
    errorCounts.failed++;
    return lastStand(error, problem);
  }
}

function reportNow(error: unknown, options: ReportOptions): Reported {
  const scope = options.scope ?? currentScope();
  const classification = classify(error, options);
  const causes = causesOf(error);
  const known = identityOf(error, scope, causes);
  if (known?.answer !== undefined && !tellsMore(error, causes, known, classification)) {
    errorCounts.repeated++;
    return answer(known, classification, (known.answer as Reported).journaled);
  }
  const identity = known ?? identify(causes, scope, mintErrorId());
  const first = identity.answer === undefined;
  const admission = admit(causes, classification, identity.whole);
  const boundary = options.boundary ?? boundaryOf(error);
  const input: RecordInput = {
    id: identity.id,
    error,
    causes,
    scope,
    classification,
    boundary,
    mechanism: options.mechanism ?? 'manual',
    handled: options.handled ?? isHandled(classification, options.mechanism),
    attributes: options.attributes,
    publicMessage: publicMessage(classification.kind, classification.definition, identity.id),
    amends: !first,
    sameAs: admission.sameAs,
    folded: admission.folded,
  };
  let record = recordLine(input);
  // What goes to standard error stands there alone, and so goes there whole.
  const isCompact = admission.sameAs !== undefined && settings.journal?.append(record.line) === true;
  if (admission.sameAs !== undefined && !isCompact) record = recordLine({ ...input, sameAs: undefined });
  const journaled = isCompact || journalLine(record.line);
  if (journaled && !isCompact) {
    if (admission.sameAs === undefined) admission.written(identity.id); // compact ones refer to what is on disk only
    identity.whole = true;
  }
  const reported = answer(identity, classification, journaled);
  identity.answer = reported;
  identity.severity = classification.severity;
  identity.recorded = identity.recorded === undefined ? [error] : [...identity.recorded, error];
  if (first) errorCounts.reported++;
  try {
    settings.onRecord?.(record.line, journaled);
    if (first) {
      markSpan(scope, identity.id, classification);
      if (errorReported.active) errorReported.publish(new ReportedError(identity.id, classification, record, error, boundary, scope));
    }
  } catch {
    errorCounts.failed++; // the record is on disk: whoever could not take it changes nothing of the ID
  }
  return reported;
}

/** A bug that only the server's last line of defence caught was handled by nobody. */
function isHandled({ severity, kind }: Classification, mechanism: string | undefined): boolean {
  return severity !== 21 && (mechanism !== 'http.server' || kind === 'known');
}

/**
 * Whether a second record under the same ID is worth its bytes: a wrapper knows more than the cause that was reported
 * before it, and an error that ends the process is worse than it seemed. Readers take the last record of an ID.
 */
function tellsMore(error: unknown, causes: readonly unknown[], known: Identity, classification: Classification): boolean {
  if (classification.severity > known.severity && classification.severity === 21) return true;
  const { recorded = [] } = known;
  return isObject(error) && !recorded.includes(error) && causes.some((cause) => recorded.includes(cause));
}

function answer(identity: Identity, classification: Classification, journaled: boolean): Reported {
  const { kind, status, definition } = classification;
  return { id: identity.id, kind, status, message: saidSaved(publicMessage(kind, definition, identity.id), { journaled }), journaled };
}

/** Said where the record is on no disk: an ID that may lead nowhere must not look like one that does. */
const NOT_SAVED = 'The details could not be saved at this moment, so please also note the time.';

/** The sentence, and that the details could not be saved where they could not. */
export function saidSaved(sentence: string, { journaled }: Pick<Reported, 'journaled'>): string {
  return journaled ? sentence : `${sentence}${/[.!?]$/.test(sentence) ? '' : '.'} ${NOT_SAVED}`;
}

function markSpan(scope: Scope, id: string, classification: Classification): void {
  const span = scope.span;
  if (!span?.isRecording()) return;
  span.setAttribute('error.id', id);
  span.setAttribute('error.type', classification.type);
  if (classification.severity >= 17) span.setStatus({ code: 2 });
}

/** The boundary that a wrapper wrote on the error. */
function boundaryOf(error: unknown): string {
  const boundary = fieldOf(error, 'boundary');
  return typeof boundary === 'string' ? boundary.slice(0, 100) : '';
}

/** Even where our own code fails the error is recorded, with an ID: the little that is sure, journaled like any other. */
function lastStand(error: unknown, problem: unknown): Reported {
  const id = mintErrorId();
  const now = new Date(clock.now()).toISOString();
  const record = {
    timestamp: now,
    observed_timestamp: now,
    level: 'error',
    severity_number: 17,
    message: sureText(error).split('\n', 1)[0] ?? '',
    'event.name': 'exception',
    logger: 'errors',
    'exception.type': typeof error,
    'exception.stacktrace': sureText(error),
    'error.id': id,
    'error.type': typeof error,
    'sonde.error.kind': 'bug',
    'sonde.error.problem': sureText(problem),
  };
  const line = `${JSON.stringify(record)}\n`;
  let journaled = false;
  try {
    journaled = journalLine(line);
  } catch {
    writeStderr(line);
  }
  return { id, kind: 'bug', status: 500, message: saidSaved(publicMessage('bug', undefined, id), { journaled }), journaled };
}

function sureText(value: unknown): string {
  try {
    return (value instanceof Error ? String(value.stack) : String(value)).slice(0, MAX_SURE);
  } catch {
    return 'unprintable value';
  }
}

/**
 * The ID that a failure has, or `undefined` where it was not reported yet.
 *
 * @example
 * const late = new Error('late');
 * errorIdOf(late) === undefined;
 */
export function errorIdOf(error: unknown): string | undefined {
  try {
    return identityOf(error, currentScope())?.id;
  } catch {
    return undefined;
  }
}
