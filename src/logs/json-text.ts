/** Up to this length a loop is faster than `JSON.stringify`, which has a fixed cost. */
const LOOP_MAX = 48;

/** A string as JSON text. */
export function jsonString(text: string): string {
  if (text.length > LOOP_MAX) return JSON.stringify(text);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 32 || code === 34 || code === 92 || code >= 0xd800) return JSON.stringify(text);
  }
  return `"${text}"`;
}

const MS: readonly string[] = Array.from({ length: 1_000 }, (_, ms) => `${String(ms).padStart(3, '0')}Z`);
let second = Number.NaN;
let secondText = '';

/** RFC 3339 in UTC with milliseconds; the text of a second is made once. */
export function utcText(timeMs: number): string {
  const seconds = Math.floor(timeMs / 1_000);
  if (seconds !== second) {
    const date = new Date(seconds * 1_000);
    secondText = Number.isNaN(date.getTime()) ? '1970-01-01T00:00:00.' : date.toISOString().slice(0, -4);
    second = seconds;
  }
  return secondText + (MS[Math.floor(timeMs - seconds * 1_000)] ?? '000Z');
}
