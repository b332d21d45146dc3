import { Interner } from './interner.ts';
import type { Learning, Library } from './rows.ts';

/** Names and keys of a program are some hundreds; what is beyond has an ID in it. Key numbers have 16 bits. */
const DICTIONARY_LIMIT = 8_192;
/** Libraries that make spans; the spans of any beyond count as ours. */
const LIBRARY_LIMIT = 255;

/** What both threads know by number: texts, and the libraries that make spans. */
export class Dictionaries {
  readonly names: Interner = new Interner(DICTIONARY_LIMIT);
  readonly keys: Interner = new Interner(DICTIONARY_LIMIT);
  readonly #libraries: Library[] = [{ name: 'sonde', version: undefined }];
  readonly #libraryNumbers = new Map<object, number>();
  #librariesSent = 1;
  #lastName: string | undefined;
  #lastNumber = -1;
  /** Number of the name by function, plus one; 0 is not known yet. */
  #functionNames = new Int32Array(1_024);

  /** The number of any other name, or -1; the one that came last is not looked up. */
  name(text: string): number {
    if (text === this.#lastName) return this.#lastNumber;
    this.#lastName = text;
    this.#lastNumber = this.names.number(text);
    return this.#lastNumber;
  }

  /** The number of a function's name: an index into a table, no look-up by text. */
  functionName(def: { readonly id: number; readonly name: string }): number {
    const known = this.#functionNames[def.id] ?? 0;
    return known !== 0 ? known - 1 : this.#learn(def);
  }

  #learn(def: { readonly id: number; readonly name: string }): number {
    if (def.id >= this.#functionNames.length) {
      const larger = new Int32Array(2 ** Math.ceil(Math.log2(def.id + 1)));
      larger.set(this.#functionNames);
      this.#functionNames = larger;
    }
    const number = this.names.numberAlways(def.name);
    this.#functionNames[def.id] = number + 1;
    return number;
  }

  /** The number of a library; 0 is ours. */
  library(library: { readonly name: string; readonly version?: string | undefined }): number {
    const known = this.#libraryNumbers.get(library);
    if (known !== undefined) return known;
    let number = this.#libraries.findIndex((other) => other.name === library.name && other.version === library.version);
    if (number < 0) {
      if (this.#libraries.length > LIBRARY_LIMIT) return 0;
      number = this.#libraries.push({ name: library.name, version: library.version }) - 1;
    }
    if (this.#libraryNumbers.size <= LIBRARY_LIMIT) this.#libraryNumbers.set(library, number);
    return number;
  }

  /** What is new since the last call. */
  increment(): Learning {
    const libraries = this.#librariesSent < this.#libraries.length ? this.#libraries.slice() : undefined;
    this.#librariesSent = this.#libraries.length;
    return { names: this.names.increment(), keys: this.keys.increment(), libraries };
  }

  /** Everything that was told before, for a worker that starts anew. */
  all(): Learning {
    return { names: this.names.all(), keys: this.keys.all(), libraries: this.#libraries.slice(0, this.#librariesSent) };
  }
}
