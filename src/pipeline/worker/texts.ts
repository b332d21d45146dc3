import type { DictionaryPart, Library, SideEntry } from '../rows.ts';

const EMPTY = Buffer.alloc(0);

/**
 * The worker's copy of the dictionary. Beside each text lies its encoded form as a span name and as the key of an
 * attribute, made on first use: the same few hundred texts are encoded once, not once a span.
 */
export class Texts {
  readonly #texts: string[] = [];
  readonly #fields: (Buffer | undefined)[] = [];
  libraries: readonly Library[] = [];

  learn(part: DictionaryPart | undefined): void {
    if (part === undefined) return;
    for (let i = 0; i < part.texts.length; i++) this.#texts[part.from + i] = part.texts[i] as string;
  }

  /** A key or a name: a number of the dictionary, or the text itself. */
  text(entry: SideEntry | undefined): string {
    return typeof entry === 'number' ? (this.#texts[entry] ?? '') : String(entry ?? '');
  }

  /** The text as a length-delimited protobuf value: its length, then its bytes. */
  delimited(number: number): Buffer {
    const known = this.#fields[number];
    if (known !== undefined) return known;
    const text = this.#texts[number];
    if (text === undefined) return EMPTY;
    const bytes = Buffer.from(text, 'utf8');
    const made = Buffer.concat([varint(bytes.length), bytes]);
    this.#fields[number] = made;
    return made;
  }
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 127) {
    bytes.push((rest & 127) | 128);
    rest >>>= 7;
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}
