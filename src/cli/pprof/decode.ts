import { numbersOf, readFields } from '../../core/proto-reader.ts';

/** A frame of a stack in a profile. */
export interface ProfileFrame {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  /** Where the function begins, if the profile says it. */
  readonly startLine?: number | undefined;
}

/** A pprof profile, as far as it is shown: stacks (innermost frame first) and their value. */
export interface Profile {
  /** What the values are: `cpu` in `nanoseconds`, `space` in `bytes`. */
  readonly type: string;
  readonly unit: string;
  readonly durationMs: number;
  readonly samples: readonly { readonly stack: readonly ProfileFrame[]; readonly value: number }[];
}

interface Tables {
  readonly strings: string[];
  readonly functions: Map<number, { name: number; file: number; startLine: number }>;
  readonly locations: Map<number, { functionId: number; line: number }[]>;
}

/** Decodes a pprof protobuf, unzipped; the last sample type is the one that counts, as `go tool pprof` has it. */
export function decodeProfile(bytes: Uint8Array): Profile {
  const tables: Tables = { strings: [], functions: new Map(), locations: new Map() };
  const types: { type: number; unit: number }[] = [];
  const raw: { locations: number[]; values: number[] }[] = [];
  let durationNs = 0;
  for (const field of readFields(bytes)) {
    if ('value' in field) {
      if (field.tag === 10) durationNs = field.value;
    } else if (field.tag === 1) types.push(readPair(field.bytes));
    else if (field.tag === 2) raw.push(readSample(field.bytes));
    else if (field.tag === 4) readLocation(field.bytes, tables);
    else if (field.tag === 5) readFunction(field.bytes, tables);
    else if (field.tag === 6) tables.strings.push(Buffer.from(field.bytes).toString('utf8'));
  }
  const last = types.length - 1;
  const type = types[last];
  if (type === undefined || tables.strings[0] !== '') throw new RangeError('Cannot read the profile: it is no pprof profile');
  return {
    type: tables.strings[type.type] ?? '',
    unit: tables.strings[type.unit] ?? '',
    durationMs: durationNs / 1e6,
    samples: raw.map(({ locations, values }) => ({ stack: locations.flatMap((id) => framesOf(id, tables)), value: values[last] ?? 0 })),
  };
}

function readPair(bytes: Uint8Array): { type: number; unit: number } {
  const pair = { type: 0, unit: 0 };
  for (const field of readFields(bytes)) {
    if (!('value' in field)) continue;
    if (field.tag === 1) pair.type = field.value;
    if (field.tag === 2) pair.unit = field.value;
  }
  return pair;
}

function readSample(bytes: Uint8Array): { locations: number[]; values: number[] } {
  const sample: { locations: number[]; values: number[] } = { locations: [], values: [] };
  for (const field of readFields(bytes)) {
    if (field.tag === 1) sample.locations.push(...numbersOf(field));
    if (field.tag === 2) sample.values.push(...numbersOf(field));
  }
  return sample;
}

function readLocation(bytes: Uint8Array, tables: Tables): void {
  let id = 0;
  const lines: { functionId: number; line: number }[] = [];
  for (const field of readFields(bytes)) {
    if ('value' in field) {
      if (field.tag === 1) id = field.value;
    } else if (field.tag === 4) {
      const { type, unit } = readPair(field.bytes); // function_id and line have the same two tags
      lines.push({ functionId: type, line: unit });
    }
  }
  tables.locations.set(id, lines);
}

function readFunction(bytes: Uint8Array, tables: Tables): void {
  const fn = { id: 0, name: 0, file: 0, startLine: 0 };
  for (const field of readFields(bytes)) {
    if (!('value' in field)) continue;
    if (field.tag === 1) fn.id = field.value;
    if (field.tag === 2) fn.name = field.value;
    if (field.tag === 4) fn.file = field.value;
    if (field.tag === 5) fn.startLine = field.value;
  }
  tables.functions.set(fn.id, fn);
}

/** The function of a frame, without the line in it. */
export function functionKey({ name, file, startLine = 0 }: ProfileFrame): string {
  return `${startLine}\n${name}\n${file}`;
}

/** Where a frame's function stands: `file:line`, or nothing. */
export function functionAt({ file, line, startLine = line }: ProfileFrame): string {
  return file && `${file}${startLine > 0 ? `:${startLine}` : ''}`;
}

function framesOf(location: number, tables: Tables): ProfileFrame[] {
  return (tables.locations.get(location) ?? []).map(({ functionId, line }) => {
    const fn = tables.functions.get(functionId);
    return { name: tables.strings[fn?.name ?? 0] || '(anonymous)', file: tables.strings[fn?.file ?? 0] ?? '', line, startLine: fn?.startLine || undefined };
  });
}
