import type { DictionaryPart, Learning, Library } from '../rows.ts';

const EMPTY = Buffer.alloc(0);

/**
 * The worker's copy of the dictionaries. Beside each text lies its encoded form, a length-delimited protobuf value, made
 * on first use: the same few hundred names and keys are encoded once, not once a span.
 */
export class Texts {
  readonly #names: string[] = [];
  readonly #keys: string[] = [];
  readonly #encodedNames: (Buffer | undefined)[] = [];
  readonly #encodedKeys: (Buffer | undefined)[] = [];
  libraries: readonly Library[] = [{ name: 'sonde', version: undefined }];

  learn({ names, keys, libraries }: Learning): void {
    put(this.#names, names);
    put(this.#keys, keys);
    if (libraries) this.libraries = libraries;
  }

  name(number: number): string {
    return this.#names[number] ?? '';
  }

  key(number: number): string {
    return this.#keys[number] ?? '';
  }

  encodedName(number: number): Buffer {
    return this.#encodedNames[number] ?? encode(this.#names, this.#encodedNames, number);
  }

  encodedKey(number: number): Buffer {
    return this.#encodedKeys[number] ?? encode(this.#keys, this.#encodedKeys, number);
  }
}

function put(texts: string[], part: DictionaryPart | undefined): void {
  if (part) for (let i = 0; i < part.texts.length; i++) texts[part.from + i] = part.texts[i] as string;
}

function encode(texts: readonly string[], encoded: (Buffer | undefined)[], number: number): Buffer {
  const text = texts[number];
  if (text === undefined) return EMPTY;
  const bytes = Buffer.from(text, 'utf8');
  const made = Buffer.concat([varint(bytes.length), bytes]);
  encoded[number] = made;
  return made;
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
