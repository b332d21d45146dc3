import type { AttributeValue } from '../../core/attributes.ts';
import type { StoredSpan, StoredTrace } from '../../store/lookup.ts';
import { askServer, type ServerOptions } from './server.ts';
import { msOfNano } from './unix-nano.ts';

const MAX_SPANS = 5_000; // as the store: a trace of more spans is a loop

interface AnyValue {
  readonly stringValue?: string;
  readonly intValue?: string | number;
  readonly doubleValue?: number;
  readonly boolValue?: boolean;
  readonly arrayValue?: { readonly values?: readonly AnyValue[] };
}
interface KeyValue {
  readonly key: string;
  readonly value?: AnyValue;
}
interface OtlpLink {
  readonly traceId?: string;
  readonly spanId?: string;
  readonly traceState?: string;
  readonly flags?: number;
  readonly attributes?: readonly KeyValue[];
}
interface OtlpSpan {
  readonly traceId?: string;
  readonly spanId?: string;
  readonly parentSpanId?: string;
  readonly traceState?: string;
  readonly flags?: number;
  readonly name?: string;
  readonly kind?: string | number;
  readonly startTimeUnixNano?: string;
  readonly endTimeUnixNano?: string;
  readonly attributes?: readonly KeyValue[];
  readonly events?: readonly { readonly name?: string; readonly timeUnixNano?: string; readonly attributes?: readonly KeyValue[] }[];
  readonly links?: readonly OtlpLink[];
  readonly droppedAttributesCount?: number;
  readonly droppedEventsCount?: number;
  readonly droppedLinksCount?: number;
  readonly status?: { readonly code?: string | number; readonly message?: string };
}
interface ResourceSpans {
  readonly resource?: { readonly attributes?: readonly KeyValue[] };
  readonly scopeSpans?: readonly { readonly scope?: { readonly name?: string; readonly version?: string }; readonly spans?: readonly OtlpSpan[] }[];
}

/** A trace from Tempo by its ID, which finds also what a search does not show yet. */
export async function traceFromTempo(server: ServerOptions, traceId: string): Promise<StoredTrace | undefined> {
  const answer = (await askServer(server, `/api/traces/${traceId}`, {})) as
    | { batches?: ResourceSpans[]; resourceSpans?: ResourceSpans[]; trace?: { resourceSpans?: ResourceSpans[] } }
    | undefined;
  const batches = answer?.batches ?? answer?.resourceSpans ?? answer?.trace?.resourceSpans ?? [];
  const spans = batches.flatMap((batch) => {
    const resource = attributes(batch.resource?.attributes);
    return (batch.scopeSpans ?? []).flatMap(({ scope, spans: list = [] }) =>
      list.map((span) => spanOf(span, traceId, resource, { name: scope?.name ?? '', version: scope?.version })),
    );
  });
  if (spans.length === 0) return undefined;
  spans.sort((a, b) => a.startMs - b.startMs);
  return { traceId, spans: spans.slice(0, MAX_SPANS), truncated: spans.length > MAX_SPANS };
}

function spanOf(span: OtlpSpan, traceId: string, resource: Record<string, AttributeValue>, scope: StoredSpan['scope']): StoredSpan {
  const start = BigInt(span.startTimeUnixNano ?? 0);
  const end = BigInt(span.endTimeUnixNano ?? 0);
  return {
    traceId,
    spanId: hexId(span.spanId) ?? '',
    parentSpanId: hexId(span.parentSpanId),
    traceState: span.traceState || undefined,
    flags: Number(span.flags ?? 1) & 0xff,
    name: span.name ?? '',
    kind: kindOf(span.kind),
    startMs: msOfNano(start),
    durationMs: Number(end - start) / 1e6,
    status: { code: statusOf(span.status?.code), message: span.status?.message || undefined },
    attributes: attributes(span.attributes),
    events: (span.events ?? []).map((event) => ({
      name: event.name ?? '',
      timeMs: msOfNano(event.timeUnixNano ?? 0),
      attributes: attributes(event.attributes),
    })),
    links: (span.links ?? []).map((link) => ({
      traceId: hexId(link.traceId) ?? '',
      spanId: hexId(link.spanId) ?? '',
      ...(link.traceState ? { traceState: link.traceState } : {}),
      flags: Number(link.flags ?? 0) & 0xff,
      attributes: attributes(link.attributes),
    })),
    scope,
    droppedAttributes: span.droppedAttributesCount ?? 0,
    droppedEvents: span.droppedEventsCount ?? 0,
    droppedLinks: span.droppedLinksCount ?? 0,
    resource,
  };
}

/** Tempo writes IDs as base64, as protobuf's JSON does; OTLP's own JSON writes hexadecimal digits. */
function hexId(id: string | undefined): string | undefined {
  if (!id) return undefined;
  const hex = /^(?:[0-9a-f]{16}|[0-9a-f]{32})$/.test(id) ? id : Buffer.from(id, 'base64').toString('hex');
  return /^0*$/.test(hex) ? undefined : hex;
}

const KINDS = ['SPAN_KIND_UNSPECIFIED', 'SPAN_KIND_INTERNAL', 'SPAN_KIND_SERVER', 'SPAN_KIND_CLIENT', 'SPAN_KIND_PRODUCER', 'SPAN_KIND_CONSUMER'];

/** OTLP counts from 1 for internal; the API from 0. */
function kindOf(kind: string | number | undefined): number {
  const number = typeof kind === 'number' ? kind : KINDS.indexOf(kind ?? '');
  return Math.max(0, number - 1);
}

function statusOf(code: string | number | undefined): 0 | 1 | 2 {
  if (code === 2 || code === 'STATUS_CODE_ERROR') return 2;
  return code === 1 || code === 'STATUS_CODE_OK' ? 1 : 0;
}

function attributes(list: readonly KeyValue[] | undefined): Record<string, AttributeValue> {
  const out: Record<string, AttributeValue> = Object.create(null) as Record<string, AttributeValue>;
  for (const { key, value } of list ?? []) {
    const plain = plainValue(value);
    if (plain !== undefined) out[key] = plain;
  }
  return out;
}

function plainValue(value: AnyValue | undefined): AttributeValue | undefined {
  if (value?.stringValue !== undefined) return value.stringValue;
  if (value?.intValue !== undefined) return Number(value.intValue);
  if (value?.doubleValue !== undefined) return value.doubleValue;
  if (value?.boolValue !== undefined) return value.boolValue;
  return value?.arrayValue?.values?.map((item) => plainValue(item) ?? '') as AttributeValue | undefined;
}
