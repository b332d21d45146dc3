const START_BYTES = 65_536;
// Up to this length a loop over an ASCII text is faster than a call into the encoder.
const LOOP_CHARS = 48;

/**
 * Writes protobuf from the end to the beginning: when the length of a nested message has to be written, the message is
 * there already, so that nothing is measured first or moved afterwards. Fields of a message are written last to first.
 */
export class ProtoWriter {
  #buffer = Buffer.allocUnsafeSlow(START_BYTES);
  #at = START_BYTES;

  /** Bytes written so far; the difference of two marks is the length of what lies between. */
  get mark(): number {
    return this.#buffer.length - this.#at;
  }

  /** What was written, as a copy; the writer is empty afterwards. */
  take(): Buffer {
    const bytes = Buffer.from(this.#buffer.subarray(this.#at));
    this.#at = this.#buffer.length;
    return bytes;
  }

  /** Forgets what was written. */
  reset(): void {
    this.#at = this.#buffer.length;
  }

  /** Room for `bytes` in front of what is written. */
  #reserve(bytes: number): void {
    if (this.#at >= bytes) return;
    const used = this.#buffer.length - this.#at;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#buffer.length * 2, used + bytes + START_BYTES));
    this.#buffer.copy(larger, larger.length - used, this.#at);
    this.#at = larger.length - used;
    this.#buffer = larger;
  }

  /** One byte: the tag of a field below 16. */
  byte(value: number): void {
    if (this.#at < 1) this.#reserve(1);
    this.#buffer[--this.#at] = value;
  }

  /** An unsigned 32-bit integer as a varint. */
  varint(value: number): void {
    this.#reserve(5);
    const buffer = this.#buffer;
    if (value < 0x80) {
      buffer[--this.#at] = value;
      return;
    }
    let length = value < 0x4000 ? 2 : value < 0x200000 ? 3 : value < 0x10000000 ? 4 : 5;
    let at = this.#at - length;
    this.#at = at;
    let rest = value;
    while (--length > 0) {
      buffer[at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    buffer[at] = rest;
  }

  /** A signed integer of up to 53 bits as the varint of an `int64`. */
  int64(value: number): void {
    if (value >= 0 && value < 0x80000000) {
      this.varint(value);
      return;
    }
    this.#reserve(10);
    const bytes: number[] = [];
    let rest = BigInt.asUintN(64, BigInt(value));
    while (rest > 127n) {
      bytes.push(Number(rest & 127n) | 128);
      rest >>= 7n;
    }
    bytes.push(Number(rest));
    this.#at -= bytes.length;
    this.#buffer.set(bytes, this.#at);
  }

  /** Four bytes, most significant first: a part of an ID. */
  id32(value: number): void {
    this.#reserve(4);
    const buffer = this.#buffer;
    const at = this.#at - 4;
    this.#at = at;
    buffer[at] = value >>> 24;
    buffer[at + 1] = (value >>> 16) & 0xff;
    buffer[at + 2] = (value >>> 8) & 0xff;
    buffer[at + 3] = value & 0xff;
  }

  /** Four bytes, least significant first. */
  fixed32(value: number): void {
    this.#reserve(4);
    const buffer = this.#buffer;
    const at = this.#at - 4;
    this.#at = at;
    buffer[at] = value & 0xff;
    buffer[at + 1] = (value >>> 8) & 0xff;
    buffer[at + 2] = (value >>> 16) & 0xff;
    buffer[at + 3] = value >>> 24;
  }

  /** A whole number of up to 53 bits as `fixed64`. */
  fixed64(value: number): void {
    this.fixed32(Math.floor(value / 0x100000000) | 0);
    this.fixed32((value % 0x100000000) | 0);
  }

  /**
   * Nanoseconds since the Unix epoch as `fixed64`, from milliseconds with a fraction and nanoseconds to add. Doubles
   * cannot hold such a number: whole seconds and the rest are joined as two 32-bit halves.
   */
  unixNano(ms: number, plusNano = 0): void {
    let seconds = Math.floor(ms / 1_000);
    let nano = Math.round((ms - seconds * 1_000) * 1e6) + plusNano;
    if (nano >= 1e9) {
      const carry = Math.floor(nano / 1e9);
      seconds += carry;
      nano -= carry * 1e9;
    }
    // seconds * 1e9 = (seconds * 1953125) * 2^9, and seconds * 1953125 is exact below 2^53.
    const scaled = seconds * 1_953_125;
    const high = Math.floor(scaled / 0x800000);
    const low = (scaled - high * 0x800000) * 512 + nano;
    const carry = low >= 0x100000000 ? 1 : 0;
    this.fixed32((high + carry) | 0);
    this.fixed32((low - carry * 0x100000000) | 0);
  }

  /** A double, eight bytes. */
  double(value: number): void {
    this.#reserve(8);
    this.#at -= 8;
    this.#buffer.writeDoubleLE(value, this.#at);
  }

  bytes(value: Uint8Array): void {
    this.#reserve(value.length);
    this.#at -= value.length;
    this.#buffer.set(value, this.#at);
  }

  /** `length` bytes of `source` from `at` on. */
  copy(source: Uint8Array, at: number, length: number): void {
    this.#reserve(length);
    const buffer = this.#buffer;
    const to = this.#at - length;
    this.#at = to;
    if (length > LOOP_CHARS) buffer.set(source.subarray(at, at + length), to);
    else for (let i = 0; i < length; i++) buffer[to + i] = source[at + i] as number;
  }

  /** Text as UTF-8 with its length in front. */
  text(value: string): void {
    const length = value.length;
    if (length <= LOOP_CHARS && this.#ascii(value, length)) {
      this.varint(length);
      return;
    }
    const size = Buffer.byteLength(value, 'utf8');
    this.#reserve(size);
    this.#at -= size;
    this.#buffer.write(value, this.#at, size, 'utf8');
    this.varint(size);
  }

  /** Writes a short ASCII text; `false`, and nothing written, where it is not ASCII. */
  #ascii(value: string, length: number): boolean {
    this.#reserve(length);
    const buffer = this.#buffer;
    const at = this.#at - length;
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i);
      if (code > 0x7f) return false;
      buffer[at + i] = code;
    }
    this.#at = at;
    return true;
  }

  /** The text of hex digits as bytes with their length in front; `false`, and nothing written, where it is none. */
  hex(value: string): boolean {
    const bytes = Buffer.from(value, 'hex');
    if (bytes.length * 2 !== value.length || bytes.length === 0) return false;
    this.bytes(bytes);
    this.varint(bytes.length);
    return true;
  }

  /** Closes a nested message (or any length-delimited field) that began at `from`: its length, then its tag. */
  close(tag: number, from: number): void {
    this.varint(this.mark - from);
    this.byte(tag);
  }
}
