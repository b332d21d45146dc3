/** One field of a protobuf message: a varint or a 32-bit number as `value`, anything else as `bytes`. */
export type ProtoField = { readonly tag: number; readonly value: number } | { readonly tag: number; readonly bytes: Uint8Array };

/** Reads the fields of a protobuf message in order; throws `RangeError` where the bytes are none. */
export function* readFields(bytes: Uint8Array): Generator<ProtoField> {
  const at = { offset: 0 };
  while (at.offset < bytes.length) {
    const key = readVarint(bytes, at);
    const tag = Math.floor(key / 8);
    switch (key % 8) {
      case 0:
        yield { tag, value: readVarint(bytes, at) };
        break;
      case 1:
        yield { tag, bytes: take(bytes, at, 8) };
        break;
      case 2:
        yield { tag, bytes: take(bytes, at, readVarint(bytes, at)) };
        break;
      case 5: {
        const four = take(bytes, at, 4);
        yield { tag, value: new DataView(four.buffer, four.byteOffset, 4).getUint32(0, true) };
        break;
      }
      default:
        throw new RangeError(`Cannot read protobuf: field ${tag} has the type ${key % 8}, expected 0, 1, 2 or 5`);
    }
  }
}

/** The numbers of a repeated field, packed or not. */
export function numbersOf(field: ProtoField): number[] {
  if ('value' in field) return [field.value];
  const numbers: number[] = [];
  const at = { offset: 0 };
  while (at.offset < field.bytes.length) numbers.push(readVarint(field.bytes, at));
  return numbers;
}

/** Exact from -2^53 to 2^53; a negative number takes ten bytes, as the format has it. */
function readVarint(bytes: Uint8Array, at: { offset: number }): number {
  let value = 0;
  for (let shift = 0; shift < 49; shift += 7) {
    const byte = bytes[at.offset++];
    if (byte === undefined) throw new RangeError('Cannot read protobuf: it is cut short');
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return value;
  }
  let long = BigInt(value);
  for (let shift = 49n; shift < 70n; shift += 7n) {
    const byte = bytes[at.offset++];
    if (byte === undefined) throw new RangeError('Cannot read protobuf: it is cut short');
    long |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return Number(BigInt.asIntN(64, long));
  }
  throw new RangeError('Cannot read protobuf: a number has more than ten bytes');
}

function take(bytes: Uint8Array, at: { offset: number }, length: number): Uint8Array {
  if (!(length >= 0 && at.offset + length <= bytes.length)) throw new RangeError('Cannot read protobuf: it is cut short');
  at.offset += length;
  return bytes.subarray(at.offset - length, at.offset);
}
