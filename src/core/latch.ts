/** A promise that is settled from outside, once. Node 20 lacks `Promise.withResolvers`. */
export class Latch<T = void> {
  readonly promise: Promise<T>;
  #resolve!: (value: T) => void;
  #open = true;

  constructor() {
    this.promise = new Promise<T>((resolve) => {
      this.#resolve = resolve;
    });
  }

  get released(): boolean {
    return !this.#open;
  }

  release(value: T): void {
    if (!this.#open) return;
    this.#open = false;
    this.#resolve(value);
  }
}
