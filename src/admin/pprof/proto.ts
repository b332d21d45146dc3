const VARINT = 0;
const BYTES = 2;

/** Writes protobuf: the few kinds of fields that a profile has. */
export class Proto {
  #buffer = Buffer.allocUnsafe(256);
  #length = 0;

  /** An integer field; 0 is the default and is left out. */
  int(field: number, value: number): this {
    if (value !== 0) {
      this.#varint((field << 3) | VARINT);
      this.#varint(value);
    }
    return this;
  }

  /** A packed list of integers. */
  ints(field: number, values: readonly number[]): this {
    const inner = new Proto();
    for (const value of values) inner.#varint(value);
    return this.bytes(field, inner.finish());
  }

  text(field: number, value: string): this {
    return this.bytes(field, Buffer.from(value));
  }

  message(field: number, inner: Proto): this {
    return this.bytes(field, inner.finish());
  }

  bytes(field: number, value: Uint8Array): this {
    this.#varint((field << 3) | BYTES);
    this.#varint(value.length);
    this.#reserve(value.length);
    this.#buffer.set(value, this.#length);
    this.#length += value.length;
    return this;
  }

  finish(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  /** Whole numbers up to 2^53; times in nanoseconds fit for 104 days, later ones lose their last bits. */
  #varint(value: number): void {
    this.#reserve(10);
    let rest = Math.max(0, Math.round(value));
    while (rest > 127) {
      this.#buffer[this.#length++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    this.#buffer[this.#length++] = rest;
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#length + bytes));
    larger.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = larger;
  }
}
