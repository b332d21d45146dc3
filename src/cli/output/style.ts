/** Colours by meaning; each is the text itself where there is no colour. */
export interface Style {
  readonly bold: (text: string) => string;
  readonly faint: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly warn: (text: string) => string;
  readonly good: (text: string) => string;
  readonly accent: (text: string) => string;
}

const plain = (text: string): string => text;
const sgr =
  (open: number, close: number) =>
  (text: string): string =>
    text === '' ? '' : `\u001b[${open}m${text}\u001b[${close}m`;

const COLOURED: Style = { bold: sgr(1, 22), faint: sgr(2, 22), bad: sgr(31, 39), warn: sgr(33, 39), good: sgr(32, 39), accent: sgr(36, 39) };
const PLAIN: Style = { bold: plain, faint: plain, bad: plain, warn: plain, good: plain, accent: plain };

/** Colours on a terminal, unless `NO_COLOR` is set (to anything but the empty text) or the terminal is dumb. */
export function styleFor(isTerminal: boolean, env: Readonly<Record<string, string | undefined>>): Style {
  return isTerminal && !env['NO_COLOR'] && env['TERM'] !== 'dumb' ? COLOURED : PLAIN;
}

/** The colour of a level. */
export function levelStyle(style: Style, severity: number): (text: string) => string {
  if (severity >= 17) return style.bad;
  if (severity >= 13) return style.warn;
  return severity >= 9 ? style.good : style.faint;
}
