import { Proto } from './proto.ts';

/** A place in a program. */
export interface Place {
  readonly name: string;
  readonly file: string;
  /** From 1; 0 where it is not known. */
  readonly line: number;
  /** Where the function begins, from 1. */
  readonly startLine?: number;
}

/** What a profile measures: a pair such as `cpu` in `nanoseconds`. */
export interface ValueType {
  readonly type: string;
  readonly unit: string;
}

/** Head of a profile. */
export interface ProfileHead {
  /** One for each value of a sample; the last is shown first by readers. */
  readonly values: readonly ValueType[];
  readonly startMs: number;
  readonly durationMs: number;
  readonly periodType?: ValueType;
  readonly period?: number;
}

/** Builds a profile of pprof's format (`profile.proto`), every text, function and place once. */
export class ProfileBuilder {
  readonly #head: ProfileHead;
  readonly #body = new Proto();
  readonly #texts = new Map<string, number>([['', 0]]);
  readonly #functions = new Map<string, number>();
  readonly #locations = new Map<string, number>();

  constructor(head: ProfileHead) {
    this.#head = head;
    for (const value of head.values) this.#body.message(1, this.#valueType(value));
  }

  /** Adds a sample: its stack, the innermost place first, and a value for each type. */
  sample(stack: readonly Place[], values: readonly number[], labels: Readonly<Record<string, string>> = {}): void {
    const sample = new Proto().ints(
      1,
      stack.map((place) => this.#location(place)),
    );
    sample.ints(2, values);
    for (const [key, value] of Object.entries(labels)) sample.message(3, new Proto().int(1, this.#text(key)).int(2, this.#text(value)));
    this.#body.message(2, sample);
  }

  /** The profile, not compressed. */
  finish(): Buffer {
    const { startMs, durationMs, periodType, period = 0 } = this.#head;
    this.#body.int(9, startMs * 1e6).int(10, durationMs * 1e6);
    if (periodType) this.#body.message(11, this.#valueType(periodType)).int(12, period);
    for (const text of this.#texts.keys()) this.#body.text(6, text);
    return this.#body.finish();
  }

  #valueType({ type, unit }: ValueType): Proto {
    return new Proto().int(1, this.#text(type)).int(2, this.#text(unit));
  }

  #text(text: string): number {
    return numberOf(this.#texts, text, this.#texts.size, () => {});
  }

  #location(place: Place): number {
    const id = this.#locations.size + 1;
    return numberOf(this.#locations, `${place.line} ${place.startLine} ${place.file} ${place.name}`, id, () => {
      this.#body.message(4, new Proto().int(1, id).message(4, new Proto().int(1, this.#function(place)).int(2, place.line)));
    });
  }

  #function({ name, file, startLine = 0 }: Place): number {
    const id = this.#functions.size + 1;
    return numberOf(this.#functions, `${startLine} ${file} ${name}`, id, () => {
      const text = this.#text(name);
      this.#body.message(5, new Proto().int(1, id).int(2, text).int(3, text).int(4, this.#text(file)).int(5, startLine));
    });
  }
}

/** The number of a key; a new key gets `next`, and is told. */
function numberOf(known: Map<string, number>, key: string, next: number, added: () => void): number {
  const number = known.get(key);
  if (number !== undefined) return number;
  known.set(key, next);
  added();
  return next;
}
