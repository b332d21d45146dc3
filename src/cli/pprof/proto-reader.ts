/** One field of a protobuf message: a number (varint or fixed, as a double) or bytes. */
export type ProtoField = { readonly tag: number; readonly value: number } | { readonly tag: number; readonly bytes: Uint8Array };

/** Reads the fields of a protobuf message in order; throws `RangeError` where the bytes are none. */
export function* readFields(bytes: Uint8Array): Generator<ProtoField> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = bytes[at++];
      if (byte === undefined) break;
      value += (byte & 0x7f) * 2 ** shift; // exact up to 2^53; counts and nanoseconds stay below
      if (byte < 0x80) return value;
    }
    throw new RangeError('Cannot read the profile: a number is cut short');
  };
  const take = (length: number): Uint8Array => {
    if (at + length > bytes.length) throw new RangeError('Cannot read the profile: it is cut short');
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const key = varint();
    const tag = Math.floor(key / 8);
    switch (key % 8) {
      case 0:
        yield { tag, value: varint() };
        break;
      case 1:
        yield { tag, value: Number(Buffer.from(take(8)).readBigUInt64LE()) };
        break;
      case 2:
        yield { tag, bytes: take(varint()) };
        break;
      case 5:
        yield { tag, value: Buffer.from(take(4)).readUInt32LE() };
        break;
      default:
        throw new RangeError(`Cannot read the profile: it has a field of type ${key % 8}`);
    }
  }
}

/** The numbers of a repeated field, packed or not. */
export function numbersOf(field: ProtoField): number[] {
  if ('value' in field) return [field.value];
  const numbers: number[] = [];
  let value = 0;
  let scale = 1;
  for (const byte of field.bytes) {
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) {
      numbers.push(value);
      value = 0;
      scale = 1;
    } else scale *= 128;
  }
  return numbers;
}
