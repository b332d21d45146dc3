/** A value of a label; it is written as text. */
export type LabelValue = string | number | boolean;

/** One value for each label name of a metric. */
export type Labels<L extends string> = { readonly [K in L]: LabelValue };

/** Longer values are cut: Prometheus servers are commonly set to refuse label values over 2,048 bytes. */
const MAX_VALUE = 1_024;

/** A label's value as text: bounded, never throwing; a missing one is the empty text, which Prometheus reads as absent. */
export function labelText(value: unknown): string {
  if (typeof value === 'string') return value.length > MAX_VALUE ? value.slice(0, MAX_VALUE) : value;
  if (value === undefined || value === null) return '';
  try {
    return String(value).slice(0, MAX_VALUE);
  } catch {
    return 'unprintable';
  }
}

const SPECIAL = /[\\"\n]/g;
const ESCAPES: Record<string, string> = { '\\': '\\\\', '"': '\\"', '\n': '\\n' };

/** Escapes a label value for both text formats. */
export function escapeLabel(text: string): string {
  return text.search(SPECIAL) === -1 ? text : text.replace(SPECIAL, (c) => ESCAPES[c] as string);
}

/** `plan="pro",region="eu"`, without braces. */
export function labelPairs(names: readonly string[], values: readonly string[]): string {
  let out = '';
  for (let i = 0; i < names.length; i++) {
    const value = values[i] as string;
    if (value === '') continue;
    out += `${out === '' ? '' : ','}${names[i]}="${escapeLabel(value)}"`;
  }
  return out;
}
