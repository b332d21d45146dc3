import type { Attributes } from '../core/attributes.ts';
import { safeCopy } from '../core/json.ts';
import type { JsonValue } from '../core/records.ts';
import { resource } from '../core/resource.ts';
import type { Scope, SpanLike } from '../core/scope.ts';
import type { Classification } from './classify.ts';
import { settings } from './configure.ts';
import { fieldOf, type Sighting } from './identity.ts';
import { notesOn } from './notes.ts';
import { quote } from './record-text.ts';

const MAX_CONTEXT = 128; // attributes of one record, as OpenTelemetry's own limit
const MAX_CONTEXT_TEXT = 32_768; // characters of all context values together: a record stays a few kilobytes
const MAX_VALUE_TEXT = 4_096;

/** What the context of a record is taken from. */
export interface ContextInput {
  readonly error: unknown;
  /** The error and what caused it. */
  readonly causes: readonly unknown[];
  readonly scope: Scope;
  readonly classification: Classification;
  readonly attributes: Attributes | undefined;
}

/** What was running, as further members of a JSON object: values of the scope, attributes of the calls, the data of a defined error; redacted and bounded. */
export function contextText(input: ContextInput, sighting: Sighting | undefined, span: SpanLike | undefined): string {
  const context = contextOf(input, sighting, span);
  if (context === undefined) return '';
  let text = '';
  let room = MAX_CONTEXT_TEXT;
  let count = 0;
  let dropped = 0;
  for (const key of Object.keys(context)) {
    if (isOwnKey(key)) continue;
    const value = clean(key, context[key]);
    if (value === undefined) continue;
    const item = JSON.stringify(value);
    if (count >= MAX_CONTEXT || item.length > room) {
      dropped++;
      continue;
    }
    count++;
    room -= item.length;
    text += `,${quote(key)}:${item}`;
  }
  return dropped > 0 ? `${text},"sonde.error.context_dropped":${dropped}` : text;
}

/** All context by key, what is nearest to the failure last; `undefined` where there is none, which is the usual case outside of a request. */
function contextOf(input: ContextInput, sighting: Sighting | undefined, span: SpanLike | undefined): Record<string, unknown> | undefined {
  let context: Record<string, unknown> | undefined;
  const add = (source: object | undefined): void => {
    if (source === undefined) return;
    for (const key of Object.keys(source)) {
      context ??= Object.create(null) as Record<string, unknown>;
      context[key] = (source as Record<string, unknown>)[key];
    }
  };
  const { scope } = input;
  add(settings.request?.(sighting?.scope ?? scope));
  add(spanAttributes(scope.span));
  add(scope.values);
  if (span !== scope.span) {
    // Of all calls that it came out of: the innermost is seldom the one that knows the order.
    const { crossed = [] } = sighting ?? {};
    for (let i = crossed.length - 1; i >= 0; i--) if (crossed[i] !== span) add(spanAttributes(crossed[i]));
    add(spanAttributes(span));
  }
  if (sighting !== undefined && sighting.scope !== scope) add(sighting.scope.values);
  for (const cause of input.causes) add(notesOn(cause));
  add(input.attributes);
  const data = input.classification.definition && fieldOf(input.error, 'data');
  if (data !== undefined) {
    context ??= Object.create(null) as Record<string, unknown>;
    context['error.data'] = data;
  }
  return context;
}

/** The keys that every record has of its own; a context that calls its values so does not overwrite them. A wrapper's are context. */
const OWN =
  /^(?:sonde\.(?!(?:resilience|retry)\.)|exception\.|error\.(?!data$)|(?:trace_id|span_id|trace_flags|timestamp|observed_timestamp|level|severity_number|message|event\.name|logger|process\.uptime|process\.memory\.(?:rss|heap_used|heap_limit)|nodejs\.eventloop\.delay)$)/;
const MAX_KEYS = 1_000; // keys are few in a program; a hostile client could send new ones for ever

let judgedFor: Attributes | undefined;
const judged = new Map<string, boolean>();

function isOwnKey(key: string): boolean {
  if (judgedFor !== resource) {
    judgedFor = resource;
    judged.clear();
  }
  let own = judged.get(key);
  if (own === undefined) {
    own = OWN.test(key) || resource[key] !== undefined;
    if (judged.size < MAX_KEYS) judged.set(key, own);
  }
  return own;
}

/** A redacted copy that fits into JSON. A path of redaction begins at the context's own key. */
function clean(key: string, value: unknown): JsonValue | undefined {
  if (typeof value !== 'object' || value === null) return bounded(safeCopy(settings.revise(key, value, [key])) as JsonValue | undefined);
  return (safeCopy({ [key]: value }, settings.revise) as Record<string, JsonValue | undefined>)[key];
}

function bounded(value: JsonValue | undefined): JsonValue | undefined {
  return typeof value === 'string' && value.length > MAX_VALUE_TEXT
    ? `${value.slice(0, MAX_VALUE_TEXT)}… [${value.length - MAX_VALUE_TEXT} more characters]`
    : value;
}

/** The attributes of a span of our engine; a span of another engine keeps them to itself. */
function spanAttributes(span: SpanLike | undefined): object | undefined {
  const { attrs } = (span ?? {}) as { attrs?: unknown };
  return typeof attrs === 'object' && attrs !== null ? attrs : undefined;
}

let vitals: Attributes | undefined;
let vitalsText = '';

/** Attributes as further members of a JSON object; the same object as the last time is not written anew. */
export function fragment(attributes: Attributes): string {
  if (attributes !== vitals) {
    vitals = attributes;
    vitalsText = membersOf(attributes, () => true);
  }
  return vitalsText;
}

let writtenResource: Attributes | undefined;
let resourceMembers = '';
let serviceMembers = '';

/** The resource as further members: what it says of the service first, which compact records have too. */
export function resourceText(): string {
  if (writtenResource !== resource) writeResource();
  return resourceMembers;
}

/** The name and version of the service, by which compact records are grouped. */
export function serviceText(): string {
  if (writtenResource !== resource) writeResource();
  return serviceMembers;
}

function writeResource(): void {
  const isService = (key: string): boolean => key === 'service.name' || key === 'service.version';
  serviceMembers = membersOf(resource, isService);
  resourceMembers = serviceMembers + membersOf(resource, (key) => !isService(key) && !OWN.test(key));
  writtenResource = resource;
}

function membersOf(attributes: Attributes, wanted: (key: string) => boolean): string {
  let text = '';
  for (const key of Object.keys(attributes)) {
    const item = wanted(key) ? JSON.stringify(attributes[key]) : undefined;
    if (item !== undefined) text += `,${quote(key)}:${item}`;
  }
  return text;
}
