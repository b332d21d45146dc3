import type { DictionaryPart } from './rows.ts';

/**
 * Texts that come again and again (span names, attribute keys) as small numbers. The worker learns new ones with the
 * batch that uses them first. Bounded, because a name with an ID in it is a new text every time.
 */
export class Interner {
  readonly #numbers = new Map<string, number>();
  readonly #limit: number;
  readonly #texts: string[] = [];
  #sent = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The number of `text`, or -1 where the dictionary is full and the text has to travel itself. */
  number(text: string): number {
    return this.#numbers.get(text) ?? this.#add(text, this.#limit);
  }

  /** The number of a text of which the program has a bounded count by itself, such as the name of a function in it. */
  numberAlways(text: string): number {
    return this.#numbers.get(text) ?? this.#add(text, Number.POSITIVE_INFINITY);
  }

  #add(text: string, limit: number): number {
    const number = this.#texts.length;
    if (number >= limit) return -1;
    this.#texts.push(text);
    this.#numbers.set(text, number);
    return number;
  }

  /** What was added since the last call. */
  increment(): DictionaryPart | undefined {
    const from = this.#sent;
    if (from === this.#texts.length) return undefined;
    this.#sent = this.#texts.length;
    return { from, texts: this.#texts.slice(from) };
  }

  /** Everything, for a worker that starts anew. */
  all(): DictionaryPart {
    return { from: 0, texts: this.#texts.slice(0, this.#sent) };
  }
}
