import type { Attributes } from '../core/attributes.ts';
import { clock } from '../core/clock.ts';
import type { ErrorRecord } from '../core/records.ts';
import { scrub } from '../core/redact-text.ts';
import type { Scope, SpanLike } from '../core/scope.ts';
import { type Classification, levelOf } from './classify.ts';
import { settings } from './configure.ts';
import { definitionOf } from './definition.ts';
import { downstreamId } from './downstream.ts';
import { type Sighting, sightingOf } from './identity.ts';
import { contextText, fragment, resourceText, serviceText } from './record-context.ts';
import { isoTime, quote, quoteName } from './record-text.ts';
import { firstFrame, isFrame, messageOf, NO_STACK, readStack, stackText, typeNameOf } from './stack.ts';
import { tracedFrames } from './traced-frames.ts';

/** What a record is made of, besides the error. */
export interface RecordInput {
  readonly id: string;
  readonly error: unknown;
  /** The error and what caused it. */
  readonly causes: readonly unknown[];
  readonly scope: Scope;
  readonly classification: Classification;
  readonly boundary: string;
  readonly mechanism: string;
  readonly handled: boolean;
  readonly attributes: Attributes | undefined;
  readonly publicMessage: string;
  /** A record under this ID was written before; this one knows more. */
  readonly amends: boolean;
  /** The ID of the record that has the stack; absent where this one has it. */
  readonly sameAs: string | undefined;
  /** Compact records since the last whole one of this failure. */
  readonly folded: number;
}

/** A record as the journal has it, and what those who are told of it at once need. */
export interface RecordLine {
  /** JSON text, flat, dotted keys, with its line end. */
  readonly line: string;
  readonly level: ErrorRecord['level'];
  readonly logger: string;
  readonly traceId: string | undefined;
}

const MAX_MESSAGE = 16_384; // characters; a query or a body in a message is cut, the stack text has its own bound

/**
 * Writes the record of an error, whole or compact, as one line. Fingerprint and source-mapped stack are added by the worker.
 * It is put together as text: an object of forty dotted keys costs more to make than all that stands in it.
 */
export function recordLine(input: RecordInput): RecordLine {
  const { error, scope, classification } = input;
  const now = clock.now();
  const sighting = sightingOf(input.causes, scope);
  const span = sighting?.scope.span ?? scope.span;
  const ids = span?.spanContext();
  const level = levelOf(classification.severity);
  const logger = input.boundary || span?.def?.module || 'errors';
  const message = quote(scrub(cutMessage(messageOf(error))));
  const observed = isoTime(now);
  const { kind, code, type } = classification;
  let line = `{"timestamp":"${sighting === undefined ? observed : isoTime(sighting.timeMs)}","observed_timestamp":"${observed}","level":"${level}","severity_number":${classification.severity},"message":${message},"event.name":"exception","logger":${quoteName(logger)}`;
  if (ids !== undefined) line += `,"trace_id":"${ids.traceId}","span_id":"${ids.spanId}","trace_flags":${ids.traceFlags}`;
  line += `,"exception.type":${quoteName(typeNameOf(error))},"error.id":"${input.id}","error.type":${quoteName(type)},"sonde.error.kind":"${kind}"`;
  if (code !== undefined) line += `,"error.code":${quoteName(code)}`;
  const causeId = downstreamId(input.causes, ids?.traceId, input.id);
  if (causeId !== undefined) line += `,"sonde.error.cause_id":"${causeId}"`;
  if (input.amends) line += ',"sonde.error.amends":true';
  line += input.sameAs === undefined ? wholeText(input, message, sighting, span ?? scope.span) : `,"sonde.error.same_as":"${input.sameAs}"${serviceText()}`;
  line += contextText(input, sighting, span);
  return { line: `${line}}\n`, level, logger, traceId: ids?.traceId };
}

function cutMessage(message: string): string {
  return message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE)}… [${message.length - MAX_MESSAGE} more characters]` : message;
}

/** What is the same for every occurrence of the failure, and so is left out of compact records. */
function wholeText(input: RecordInput, message: string, sighting: Sighting | undefined, span: SpanLike | undefined): string {
  const { error, boundary } = input;
  const definition = input.classification.definition;
  const own = stackText(error);
  const stack = scrubStack(firstFrame(own) < 0 ? reportedHere(own) : own) + tracedFrames(error, sighting, span);
  let text = `,"exception.message":${message},"exception.stacktrace":${quote(stack)},"sonde.error.public_message":${quote(input.publicMessage)}`;
  if (definition?.hint !== undefined) text += `,"sonde.error.hint":${quote(definition.hint)}`;
  if (definition?.owner !== undefined) text += `,"sonde.error.owner":${quote(definition.owner)}`;
  if (boundary !== '') text += `,"sonde.error.boundary":${quoteName(boundary)}`;
  text += `,"sonde.error.handled":${input.handled},"sonde.error.mechanism":${quoteName(input.mechanism)}`;
  if (input.causes.length > 1) text += `,"sonde.error.chain":${chainText(input.causes)}`;
  if (input.folded > 0) text += `,"sonde.error.suppressed":${input.folded}`;
  return text + resourceText() + fragment(settings.vitals());
}

/** Secrets stand in the messages, between frames, anywhere in a long text. */
function scrubStack(text: string): string {
  let out = '';
  let kept = 0; // up to here the text is in `out`
  for (let start = 0; start < text.length; ) {
    const found = text.indexOf('\n', start);
    const end = found < 0 ? text.length : found;
    if (!isFrame(text, start)) {
      const line = text.slice(start, end);
      const clean = scrub(line);
      if (clean !== line) {
        out += text.slice(kept, start) + clean;
        kept = end;
      }
    }
    start = end + 1;
  }
  return kept === 0 ? text : out + text.slice(kept);
}

/** What has no stack is found by the place where it was reported, and says so: the place tells nothing of what failed. */
function reportedHere(own: string): string {
  const callers = readStack(new Error())
    .split('\n')
    .slice(1)
    .filter((line) => !OWN_FRAME.test(line));
  return [own.includes(NO_STACK) ? own : `${own}\n    ${NO_STACK}]`, ...callers].join('\n');
}

/** Frames of this folder: from here up to `report` or `problem`. */
const OWN_FRAME = /[\\/]errors[\\/](?:record|report|problem)\.[jt]s\b/;

/** The types of the error and its causes, outermost first, a defined error by its code. */
function chainText(causes: readonly unknown[]): string {
  return JSON.stringify(causes.map((cause) => definitionOf(cause)?.code ?? typeNameOf(cause)));
}
