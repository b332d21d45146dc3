/** A bounded list that forgets its oldest item when it is full, and counts what it forgot. */
export class Ring<T> {
  readonly #slots: (T | undefined)[];
  readonly #capacity: number;
  #next = 0;
  #size = 0;
  #forgotten = 0;

  constructor(capacity: number) {
    if (!Number.isInteger(capacity) || capacity < 1) throw new RangeError(`Cannot make a ring of ${capacity}: expected a whole number from 1`);
    this.#capacity = capacity;
    this.#slots = new Array<T | undefined>(capacity).fill(undefined);
  }

  get size(): number {
    return this.#size;
  }

  /** How many items were overwritten. */
  get forgotten(): number {
    return this.#forgotten;
  }

  push(item: T): void {
    if (this.#size === this.#capacity) this.#forgotten++;
    else this.#size++;
    this.#slots[this.#next] = item;
    this.#next = this.#next + 1 === this.#capacity ? 0 : this.#next + 1;
  }

  /** The items, oldest first. */
  toArray(): T[] {
    const items: T[] = [];
    const start = (this.#next - this.#size + this.#capacity) % this.#capacity;
    for (let i = 0; i < this.#size; i++) items.push(this.#slots[(start + i) % this.#capacity] as T);
    return items;
  }

  clear(): void {
    this.#slots.fill(undefined);
    this.#next = 0;
    this.#size = 0;
  }
}
