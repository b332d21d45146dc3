const MAX_NAMES = 1_000; // types, codes, loggers: few in a program; past it each is quoted anew

/** A text as JSON. */
export const quote: (text: string) => string = JSON.stringify;

const names = new Map<string, string>();

/** {@link quote} for texts that come again and again. */
export function quoteName(name: string): string {
  let quoted = names.get(name);
  if (quoted === undefined) {
    quoted = quote(name);
    if (names.size < MAX_NAMES) names.set(name, quoted);
  }
  return quoted;
}

let second = Number.NaN;
let upToSecond = '';

/** RFC 3339 in UTC with milliseconds; failures come in crowds, those of one second share most of its text. */
export function isoTime(ms: number): string {
  const whole = Math.floor(ms);
  const itsSecond = Math.floor(whole / 1_000);
  if (itsSecond !== second) {
    upToSecond = new Date(itsSecond * 1_000).toISOString().slice(0, -4);
    second = itsSecond;
  }
  const rest = whole - itsSecond * 1_000;
  return `${upToSecond}${rest < 10 ? '00' : rest < 100 ? '0' : ''}${rest}Z`;
}
