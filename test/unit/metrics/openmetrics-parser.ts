/** A strict reader of OpenMetrics 1.0, written from the specification's grammar and not from our writer. */
export interface ParsedSample {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
  readonly exemplar: { readonly labels: ReadonlyMap<string, string>; readonly value: number } | undefined;
}
export interface ParsedFamily {
  readonly type: string;
  readonly help: string;
  readonly samples: ParsedSample[];
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*/;
const LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*/;
const NUMBER = /^(?:[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|[+-]?Inf|NaN)/;
const SUFFIXES: Record<string, readonly string[]> = {
  counter: ['_total', '_created'],
  gauge: [''],
  histogram: ['_bucket', '_sum', '_count', '_created'],
  summary: ['', '_sum', '_count', '_created'],
  unknown: [''],
};

/** Reads a page, or throws with the line that breaks a rule. */
export function parseOpenMetrics(page: string): Map<string, ParsedFamily> {
  if (!page.endsWith('# EOF\n')) throw new Error('the page does not end in "# EOF"');
  const lines = page.slice(0, -1).split('\n');
  if (lines.indexOf('# EOF') !== lines.length - 1) throw new Error('"# EOF" is not the last line alone');
  const families = new Map<string, ParsedFamily & { meta: Set<string> }>();
  let current = '';
  const fail = (line: string, why: string): never => {
    throw new Error(`${why}: ${line}`);
  };
  for (const line of lines.slice(0, -1)) {
    if (line === '') fail(line, 'an empty line');
    const meta = /^# (TYPE|HELP|UNIT) ([a-zA-Z_:][a-zA-Z0-9_:]*) ?(.*)$/.exec(line);
    if (meta) {
      const [, kind, name, rest] = meta as unknown as [string, string, string, string];
      if (name !== current && families.has(name)) fail(line, 'a family is interrupted');
      current = name;
      const family = families.get(name) ?? { type: 'unknown', help: '', samples: [], meta: new Set<string>() };
      if (family.samples.length > 0) fail(line, 'metadata after samples');
      if (family.meta.has(kind)) fail(line, 'metadata twice');
      family.meta.add(kind);
      if (kind === 'TYPE' && !(rest in SUFFIXES)) fail(line, 'an unknown type');
      families.set(name, { ...family, type: kind === 'TYPE' ? rest : family.type, help: kind === 'HELP' ? unescapeText(rest) : family.help });
      continue;
    }
    if (line.startsWith('#')) fail(line, 'a comment');
    const sample = parseSample(line);
    const family = families.get(current) ?? fail(line, 'a sample without a family');
    if (!(SUFFIXES[family.type] as readonly string[]).some((suffix) => current + suffix === sample.name))
      fail(line, `a sample that is not of the family ${current}`);
    if (sample.exemplar && !sample.name.endsWith('_bucket') && !sample.name.endsWith('_total')) fail(line, 'an exemplar where none may be');
    family.samples.push(sample);
  }
  for (const [name, family] of families) checkFamily(name, family);
  return families;
}

function parseSample(line: string): ParsedSample {
  const name = NAME.exec(line)?.[0];
  if (name === undefined) throw new Error(`no name: ${line}`);
  let rest = line.slice(name.length);
  let labels: ReadonlyMap<string, string> = new Map();
  if (rest.startsWith('{')) [labels, rest] = parseLabels(rest, line);
  const [value, after] = parseNumber(rest, line);
  if (after === '') return { name, labels, value, exemplar: undefined };
  if (!after.startsWith(' # {')) throw new Error(`something after the value: ${line}`);
  const [exemplarLabels, exemplarRest] = parseLabels(after.slice(3), line);
  if ([...exemplarLabels].reduce((sum, [k, v]) => sum + [...k].length + [...v].length, 0) > 128) throw new Error(`an exemplar over 128 characters: ${line}`);
  const [exemplarValue, time] = parseNumber(exemplarRest, line);
  if (time !== '' && parseNumber(time, line)[1] !== '') throw new Error(`something after the exemplar: ${line}`);
  return { name, labels, value, exemplar: { labels: exemplarLabels, value: exemplarValue } };
}

function parseNumber(text: string, line: string): [number, string] {
  const match = text.startsWith(' ') ? NUMBER.exec(text.slice(1)) : null;
  if (match === null) throw new Error(`no number where one should be: ${line}`);
  return [toNumber(match[0]), text.slice(1 + match[0].length)];
}

export function toNumber(text: string): number {
  return text === 'NaN' ? Number.NaN : text.endsWith('Inf') ? (text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY) : Number(text);
}

function parseLabels(text: string, line: string): [Map<string, string>, string] {
  const labels = new Map<string, string>();
  let rest = text.slice(1);
  while (!rest.startsWith('}')) {
    const name = LABEL.exec(rest)?.[0];
    if (name === undefined || !rest.startsWith(`${name}="`)) throw new Error(`a label that is none: ${line}`);
    rest = rest.slice(name.length + 2);
    let value = '';
    for (;;) {
      const c = rest[0];
      if (c === undefined) throw new Error(`a label value that does not end: ${line}`);
      if (c === '"') break;
      if (c === '\\') {
        const escaped = { n: '\n', '"': '"', '\\': '\\' }[rest[1] as string];
        if (escaped === undefined) throw new Error(`an escape that is none: ${line}`);
        value += escaped;
        rest = rest.slice(2);
      } else {
        value += c;
        rest = rest.slice(1);
      }
    }
    if (labels.has(name)) throw new Error(`a label twice: ${line}`);
    labels.set(name, value);
    rest = rest.slice(1);
    if (rest.startsWith(',') && !rest.startsWith(',}')) rest = rest.slice(1);
    else if (!rest.startsWith('}')) throw new Error(`no comma between labels: ${line}`);
  }
  return [labels, rest.slice(1)];
}

function unescapeText(text: string): string {
  return text.replace(/\\(.)/g, (_, c: string) => {
    const plain = { n: '\n', '"': '"', '\\': '\\' }[c];
    if (plain === undefined) throw new Error(`an escape that is none: ${text}`);
    return plain;
  });
}

/** Series are there once; buckets ascend, add up, end in +Inf and agree with the count. */
function checkFamily(name: string, family: ParsedFamily): void {
  const seen = new Set<string>();
  const buckets = new Map<string, { le: number; value: number }[]>();
  const counts = new Map<string, number>();
  const sums = new Map<string, number>();
  for (const { name: sample, labels, value } of family.samples) {
    const key = `${sample}{${JSON.stringify([...labels].sort())}}`;
    if (seen.has(key)) throw new Error(`a series twice: ${key}`);
    seen.add(key);
    if (family.type === 'counter' && !(value >= 0)) throw new Error(`a counter below 0: ${key}`);
    if (family.type !== 'histogram') continue;
    const le = labels.get('le');
    const group = JSON.stringify([...labels].filter(([label]) => label !== 'le').sort());
    if (sample === `${name}_bucket`) {
      if (le === undefined || !/^(?:\+Inf|-?\d+\.\d+|-?\d+(?:\.\d+)?e[+-]?\d+)$/.test(le)) throw new Error(`a bound that is not canonical: ${key}`);
      buckets.set(group, [...(buckets.get(group) ?? []), { le: toNumber(le), value }]);
    }
    if (sample === `${name}_count`) counts.set(group, value);
    if (sample === `${name}_sum`) sums.set(group, value);
  }
  for (const [group, list] of buckets) {
    if (list.some((bucket, i) => i > 0 && (bucket.le <= (list[i - 1] as typeof bucket).le || bucket.value < (list[i - 1] as typeof bucket).value)))
      throw new Error(`buckets that do not ascend: ${name}${group}`);
    if (sums.has(group) !== counts.has(group)) throw new Error(`a sum without a count, or the other way round: ${name}${group}`);
    if ((sums.get(group) ?? 0) < 0 || (sums.has(group) && list.some(({ le }) => le < 0))) throw new Error(`a sum of negative measurements: ${name}${group}`);
    if (list.at(-1)?.le !== Number.POSITIVE_INFINITY || (counts.has(group) && list.at(-1)?.value !== counts.get(group)))
      throw new Error(`no +Inf bucket that agrees with the count: ${name}${group}`);
  }
}
