/** Keys with a place of their own in the text, or that say what the text says already. */
const PLACED = new Set([
  'timestamp',
  'observed_timestamp',
  'level',
  'severity_number',
  'logger',
  'message',
  'trace_id',
  'span_id',
  'trace_flags',
  'event.name',
  'error.id',
  'error.type',
  'exception.type',
  'exception.message',
  'exception.stacktrace',
]);

const COLOUR: Readonly<Record<string, string>> = { trace: '90', debug: '36', info: '32', warn: '33', error: '31', fatal: '41;97' };

/**
 * A JSON line as text for people:
 * `12:34:56.789Z INFO  orders  order placed  order=o-17  trace=0af76519`, the stack indented below it.
 */
export function textLine(json: string, colours: boolean): string {
  let record: Record<string, unknown>;
  try {
    record = JSON.parse(json) as Record<string, unknown>;
  } catch {
    return `${visible(json.trimEnd())}\n`; // no line of ours; better shown than lost
  }
  const paint = (code: string, text: string): string => (colours ? `\u001b[${code}m${text}\u001b[0m` : text);
  const level = String(record['level']);
  let out = `${paint('90', String(record['timestamp']).slice(11))} ${paint(COLOUR[level] ?? '0', level.toUpperCase().padEnd(5))} ${paint('1', visible(String(record['logger'])))}  ${visible(String(record['message'] ?? ''))}`;
  for (const key of Object.keys(record)) {
    if (!PLACED.has(key)) out += `  ${paint('90', `${visible(key)}=`)}${valueText(record[key])}`;
  }
  if (record['error.id'] !== undefined) out += `  ${paint('35', `error=${visible(String(record['error.id']))}`)}`;
  if (record['trace_id'] !== undefined) out += `  ${paint('90', `trace=${visible(String(record['trace_id'])).slice(0, 8)}`)}`;
  const stack = record['exception.stacktrace'];
  if (typeof stack === 'string') for (const line of stack.split('\n')) out += `\n    ${visible(line)}`;
  return `${out}\n`;
}

function valueText(value: unknown): string {
  if (typeof value !== 'string') return visible(JSON.stringify(value));
  return value === '' || /[\s"=]/.test(value) ? visible(JSON.stringify(value)) : visible(value);
}

// Control characters, line and paragraph separators, and the marks that turn the direction of text round: with them a
// value could forge a line, move the cursor or hide what it says.
const INVISIBLE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/g;
const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** The text with every character that a terminal would obey written out. */
export function visible(text: string): string {
  return text.replace(INVISIBLE, (c) => SHORT[c] ?? `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
