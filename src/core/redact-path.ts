/** A path of keys in which `*` stands for any one key and `**` for any number of them. */
export type PathPattern = readonly string[];

const MAX_PARTS = 16; // deeper than any object that is copied
const MAX_DEEP = 2; // of `**`: each multiplies the ways to match
const PART = /\["([^"\]]+)"\]|\['([^'\]]+)'\]|\[(\*|\d+)\]|\.?([^.[\]"']+)/y;

/** Whether a text is meant as a path and not as a key: it has a wildcard or a bracket. */
export function isPath(text: string): boolean {
  return text.includes('*') || text.includes('[');
}

/**
 * Reads a path as pino and others write it: `user.*.email`, `items[*].card`, `headers["x-key"]`, `**.pin`.
 *
 * Errors: throws `TypeError` where the text is no path.
 */
export function parsePath(text: string): PathPattern {
  const parts: string[] = [];
  PART.lastIndex = 0;
  let end = 0;
  for (let match = PART.exec(text); match !== null; match = PART.exec(text)) {
    parts.push(match[1] ?? match[2] ?? match[3] ?? (match[4] as string));
    end = PART.lastIndex;
  }
  const deep = parts.filter((part) => part === '**').length;
  if (end !== text.length || parts.length > MAX_PARTS || deep > MAX_DEEP || parts.every((part) => part === '*' || part === '**')) {
    throw new TypeError(`Cannot redact the path "${text}": expected keys with dots, "*" or brackets, such as "user.*.email", and at least one name`);
  }
  return parts.map((part) => part.toLowerCase());
}

/** Whether a pattern means the property at `path`; a key that has dots itself counts as several. */
export function pathMatches(pattern: PathPattern, path: readonly string[]): boolean {
  const parts = path.some((key) => key.includes('.')) ? path.flatMap((key) => key.split('.')) : path;
  return matchFrom(pattern, 0, parts, 0);
}

function matchFrom(pattern: PathPattern, p: number, path: readonly string[], k: number): boolean {
  for (; p < pattern.length; p++, k++) {
    const part = pattern[p];
    if (part === '**') {
      for (let skip = k; skip <= path.length; skip++) if (matchFrom(pattern, p + 1, path, skip)) return true;
      return false;
    }
    const key = path[k];
    if (key === undefined || (part !== '*' && part !== key.toLowerCase())) return false;
  }
  return k === path.length;
}
