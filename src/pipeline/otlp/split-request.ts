import { gunzipSync, gzipSync } from 'node:zlib';
import { ProtoWriter } from './proto-writer.ts';

/** Records of one scope; `head` is everything of the scope but its records. */
interface Group {
  readonly head: readonly Buffer[];
  readonly records: readonly Buffer[];
}

const RECORDS = 2; // field of ScopeSpans.spans, ScopeLogs.log_records; and of the scopes in their resource
const GZIP_LEVEL = 1;

/**
 * Divides an encoded request of spans or logs into two, each with the whole resource: a request from the spool of which a
 * receiver refuses one record. `undefined` where there is nothing to divide or the bytes are no such request.
 */
export function splitRequest(body: Uint8Array, json: boolean, gzip: boolean): readonly [SplitHalf, SplitHalf] | undefined {
  try {
    const plain = gzip ? gunzipSync(body) : Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    const halves = json ? splitJson(plain) : splitProto(plain);
    if (halves === undefined || !gzip) return halves;
    return [zip(halves[0]), zip(halves[1])];
  } catch {
    return undefined;
  }
}

/** A request with some of the records. */
export interface SplitHalf {
  readonly body: Buffer;
  readonly count: number;
}

function zip({ body, count }: SplitHalf): SplitHalf {
  return { body: gzipSync(body, { level: GZIP_LEVEL }), count };
}

function splitProto(body: Buffer): [SplitHalf, SplitHalf] | undefined {
  const resources = fieldsOf(body);
  if (resources.length !== 1) return undefined; // ours have one resource
  const inner = fieldsOf((resources[0] as Field).content);
  const head = inner.filter((field) => field.number !== RECORDS).map((field) => field.whole);
  const groups = inner.filter((field) => field.number === RECORDS).map((field) => groupOf(field.content));
  const count = groups.reduce((sum, group) => sum + group.records.length, 0);
  if (count < 2) return undefined;
  const middle = count >>> 1;
  return [
    { body: join(head, groups, 0, middle), count: middle },
    { body: join(head, groups, middle, count), count: count - middle },
  ];
}

function groupOf(scope: Buffer): Group {
  const fields = fieldsOf(scope);
  return {
    head: fields.filter((field) => field.number !== RECORDS).map((field) => field.whole),
    records: fields.filter((field) => field.number === RECORDS).map((field) => field.whole),
  };
}

/** The request with the records from `from` up to `to`, counted over all groups. */
function join(head: readonly Buffer[], groups: readonly Group[], from: number, to: number): Buffer {
  const out = new ProtoWriter();
  let end = groups.reduce((sum, group) => sum + group.records.length, 0);
  for (const group of [...groups].reverse()) {
    const begin = end - group.records.length;
    const chosen = group.records.slice(Math.max(0, from - begin), Math.max(0, to - begin));
    end = begin;
    if (chosen.length === 0) continue;
    const mark = out.mark;
    for (const record of chosen.reverse()) out.bytes(record);
    for (const field of [...group.head].reverse()) out.bytes(field);
    out.close(0x12, mark);
  }
  for (const field of [...head].reverse()) out.bytes(field);
  out.close(0x0a, 0);
  return out.take();
}

interface Field {
  readonly number: number;
  readonly whole: Buffer;
  readonly content: Buffer;
}

/** The fields of a message whose fields are all length-delimited; others are no message of ours. */
function fieldsOf(bytes: Buffer): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = bytes.readUInt8(at++);
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new RangeError('a varint of more than five bytes');
  };
  while (at < bytes.length) {
    const begin = at;
    const tag = varint();
    if ((tag & 7) !== 2) throw new RangeError(`wire type ${tag & 7}`);
    const length = varint();
    if (at + length > bytes.length) throw new RangeError('a field longer than its message');
    fields.push({ number: tag >>> 3, whole: bytes.subarray(begin, at + length), content: bytes.subarray(at, at + length) });
    at += length;
  }
  return fields;
}

interface JsonScope {
  readonly [key: string]: unknown;
}

function splitJson(body: Buffer): [SplitHalf, SplitHalf] | undefined {
  const request = JSON.parse(body.toString('utf8')) as Record<string, Record<string, unknown>[]>;
  const [outer] = Object.keys(request);
  if (outer !== 'resourceSpans' && outer !== 'resourceLogs') return undefined;
  const [scopesKey, recordsKey] = outer === 'resourceSpans' ? ['scopeSpans', 'spans'] : ['scopeLogs', 'logRecords'];
  const resource = request[outer]?.[0] as Record<string, JsonScope[]>;
  const scopes = resource[scopesKey] as JsonScope[];
  const records = scopes.flatMap((scope) => (scope[recordsKey] as unknown[]).map((record) => ({ scope, record })));
  if (records.length < 2) return undefined;
  const middle = records.length >>> 1;
  const half = (chosen: typeof records): SplitHalf => {
    const kept = scopes.map((scope) => ({ ...scope, [recordsKey]: chosen.filter((item) => item.scope === scope).map((item) => item.record) }));
    const filled = kept.filter((scope) => (scope[recordsKey] as unknown[]).length > 0);
    return { body: Buffer.from(JSON.stringify({ [outer]: [{ ...resource, [scopesKey]: filled }] })), count: chosen.length };
  };
  return [half(records.slice(0, middle)), half(records.slice(middle))];
}
