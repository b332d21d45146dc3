// What a terminal may act on, or what makes text read otherwise than it is: control characters (C0, DEL, C1, among them the
// one-byte CSI and OSC), line and paragraph separators, and the marks that turn the direction of text.
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g;
const UNSAFE_IN_BLOCK = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g;

/** Stored text as one line that cannot move the cursor, colour, or forge other lines. */
export function cleanLine(text: string): string {
  return text.replace(UNSAFE, visible);
}

/** Stored text of several lines (a stack), made safe in the same way. */
export function cleanBlock(text: string): string {
  return text.replaceAll('\r\n', '\n').replace(UNSAFE_IN_BLOCK, visible).replaceAll('\t', '    ');
}

/** JSON whose text is safe on a terminal, and still the same value. `JSON.stringify` escapes only the C0 characters. */
export function cleanJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(UNSAFE_IN_BLOCK, (char) => `\\u${hex(char, 4)}`);
}

function visible(char: string): string {
  if (char === '\n') return '\\n';
  if (char === '\r') return '\\r';
  if (char === '\t') return '\\t';
  const code = char.charCodeAt(0);
  return code < 0x100 ? `\\x${hex(char, 2)}` : `\\u${hex(char, 4)}`;
}

function hex(char: string, digits: number): string {
  return char.charCodeAt(0).toString(16).padStart(digits, '0');
}
