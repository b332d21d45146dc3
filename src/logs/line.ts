import { safeMessage } from '../core/json.ts';
import type { LineLevel } from '../core/level.ts';
import type { Scope } from '../core/scope.ts';
import { spanText, valuesText } from './context.ts';
import { argument, errorText, fieldsText, loggedFields, messageOf, reviseText } from './fields.ts';
import { utcText } from './json-text.ts';
import { writeLine } from './writer.ts';

/** What a child's lines carry: as values for the next child, and as text for the line. */
export interface Bindings {
  readonly values: Readonly<Record<string, unknown>>;
  readonly text: string;
}

/** Lines of this process. `sampled`: left out by sampling or a rate limit; `failed`: written as a line that says why. */
export const lineCounts = { written: 0, sampled: 0, failed: 0 };

/** Writes a line, whatever was logged; `mark` is JSON text that is added. Never throws. */
export function writeIn(
  level: LineLevel,
  nameText: string,
  timeMs: number,
  scope: Scope,
  bindings: Bindings | undefined,
  first: unknown,
  rest: readonly unknown[],
  mark = '',
): void {
  try {
    const start = `,"timestamp":"${utcText(timeMs)}"${nameText}${spanText(scope.span)}${mark}`;
    if (typeof first === 'string') writeLine(level, start + contextText(scope, bindings, undefined), reviseText(first), safeArguments(rest));
    else if (typeof first === 'object' && first !== null) writeObject(level, start, scope, bindings, first, rest);
    else {
      // `info(undefined, 'text')` is a text; any other value alone is its own text.
      const [message, args] = first === undefined || first === null ? [rest[0], rest.slice(1)] : [String(first), rest];
      writeLine(level, start + contextText(scope, bindings, undefined), messageText(message), safeArguments(args));
    }
    lineCounts.written++;
  } catch (error) {
    writeFailure(timeMs, level, nameText, error, typeof first === 'string' ? first : rest[0]);
  }
}

/** The message of a line before its arguments are put in: what makes lines equal for sampling. Never throws. */
export function messageIn(first: unknown, second: unknown): unknown {
  if (typeof first === 'string' || second !== undefined) return typeof first === 'string' ? first : second;
  if (typeof first !== 'object' || first === null) return String(first);
  try {
    return ownMessage(first);
  } catch {
    return undefined;
  }
}

/** What an object says where no message is given with it: its own one, or that of the error in it. */
function ownMessage(logged: object): string | undefined {
  const { message, err, error } = logged as { message?: unknown; err?: unknown; error?: unknown };
  if (typeof message === 'string') return message;
  const cause = err instanceof Error ? err : error;
  return cause instanceof Error ? messageOf(cause) : undefined;
}

/** What was logged must not break the program: the line says that there was one, and why it is not here. */
function writeFailure(timeMs: number, level: LineLevel, nameText: string, error: unknown, message: unknown): void {
  lineCounts.failed++;
  try {
    const text = typeof message === 'string' ? `${reviseText(message)} ` : '';
    writeLine(level, `,"timestamp":"${utcText(timeMs)}"${nameText}`, `${text}[a log line that cannot be written: ${safeMessage(error).slice(0, 200)}]`, []);
  } catch {
    // Nobody takes lines at all; the count says so.
  }
}

function writeObject(level: LineLevel, start: string, scope: Scope, bindings: Bindings | undefined, logged: object, rest: readonly unknown[]): void {
  const given = rest[0];
  const args = rest.length < 2 ? NONE : safeArguments(rest.slice(1));
  if (logged instanceof Error) {
    writeLine(level, start + contextText(scope, bindings, undefined) + errorText(logged), given === undefined ? messageOf(logged) : messageText(given), args);
    return;
  }
  const fields = loggedFields(logged);
  const message = given === undefined ? ownMessage(fields) : given;
  const skip = given === undefined && typeof (fields as { message?: unknown }).message === 'string' ? 'message' : undefined;
  writeLine(level, start + contextText(scope, bindings, fields) + fieldsText(fields, skip), messageText(message), args);
}

const NONE: readonly unknown[] = [];

function safeArguments(args: readonly unknown[]): readonly unknown[] {
  return args.length === 0 ? args : args.map(argument);
}

function messageText(message: unknown): string {
  return message === undefined ? '' : reviseText(typeof message === 'string' ? message : String(message));
}

/** Bound values of the scope and of the child; what the line itself says again stands there alone. */
function contextText(scope: Scope, bindings: Bindings | undefined, own: object | undefined): string {
  const { values } = scope;
  if (values === undefined && bindings === undefined) return '';
  if (!overlap(own, values) && !overlap(own, bindings?.values) && !overlap(bindings?.values, values)) {
    return (values === undefined ? '' : valuesText(values)) + (bindings === undefined ? '' : bindings.text);
  }
  const merged = Object.assign(Object.create(null), values, bindings?.values) as Record<string, unknown>;
  for (const key in own) delete merged[key];
  return fieldsText(merged);
}

function overlap(a: object | undefined, b: object | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  for (const key in a) if (key in b) return true;
  return false;
}
