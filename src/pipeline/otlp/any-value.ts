import type { Attributes } from '../../core/attributes.ts';
import type { ProtoWriter } from './proto-writer.ts';

// Tags of AnyValue: string 1, bool 2, int 3, double 4, array 5, key-value list 6.
const STRING = 0x0a;
const BOOL = 0x10;
const INT = 0x18;
const DOUBLE = 0x21;
const ARRAY = 0x2a;
const LIST = 0x32;
const KEY = 0x0a;
const VALUE = 0x12;

/** Nesting that is written; deeper values become an empty AnyValue, which protobuf reads as "no value". */
const MAX_DEPTH = 16;

/** The content of an AnyValue, without a length. A value that is none (null, undefined, a function) is empty. */
export function writeAnyValue(out: ProtoWriter, value: unknown, depth = 0): void {
  if (typeof value === 'string') {
    out.text(value);
    out.byte(STRING);
  } else if (typeof value === 'number') {
    writeNumber(out, value);
  } else if (typeof value === 'boolean') {
    out.byte(value ? 1 : 0);
    out.byte(BOOL);
  } else if (typeof value === 'bigint') {
    out.text(value.toString());
    out.byte(STRING);
  } else if (typeof value === 'object' && value !== null && depth < MAX_DEPTH) {
    const from = out.mark;
    if (Array.isArray(value)) {
      for (let i = value.length - 1; i >= 0; i--) {
        const item = out.mark;
        writeAnyValue(out, value[i], depth + 1);
        out.close(0x0a, item);
      }
      out.close(ARRAY, from);
    } else {
      writeAttributes(out, value as Readonly<Record<string, unknown>>, 0x0a, depth + 1);
      out.close(LIST, from);
    }
  }
}

/** Whole numbers are integers as long as a double holds them exactly, as in OpenTelemetry's own exporters. */
function writeNumber(out: ProtoWriter, value: number): void {
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
    out.int64(value);
    out.byte(INT);
  } else {
    out.double(value);
    out.byte(DOUBLE);
  }
}

/** KeyValue messages with `tag` in front of each; `undefined` values are left out. */
export function writeAttributes(out: ProtoWriter, attributes: Attributes | Readonly<Record<string, unknown>>, tag: number, depth = 0): void {
  const keys = Object.keys(attributes);
  for (let i = keys.length - 1; i >= 0; i--) {
    const key = keys[i] as string;
    const value = attributes[key];
    if (value === undefined) continue;
    const from = out.mark;
    writeValueField(out, value, depth);
    out.text(key);
    out.byte(KEY);
    out.close(tag, from);
  }
}

/** The `value` field of a KeyValue. */
export function writeValueField(out: ProtoWriter, value: unknown, depth = 0): void {
  const from = out.mark;
  writeAnyValue(out, value, depth);
  out.close(VALUE, from);
}
