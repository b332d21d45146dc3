import { warn } from '../core/diag.ts';
import type { ErrorDefinition } from './definition.ts';

/** The codes of the process, shared by all copies of the package in it. */
const REGISTRY: unique symbol = Symbol.for('sonde.error.codes') as never;
const MAX_CODES = 10_000; // codes are written by hand; more is a loop that defines classes

interface Holder {
  [REGISTRY]?: Map<string, ErrorDefinition>;
}

function registry(): Map<string, ErrorDefinition> {
  const holder = globalThis as Holder;
  holder[REGISTRY] ??= new Map();
  return holder[REGISTRY];
}

/** Puts a definition in the registry. The same code again is right (a second copy of a module); one that differs is said. */
export function registerCode(definition: ErrorDefinition): void {
  const codes = registry();
  const known = codes.get(definition.code);
  if (known === undefined) {
    if (codes.size < MAX_CODES) codes.set(definition.code, definition);
    return;
  }
  if (JSON.stringify(known) === JSON.stringify(definition)) return;
  warn(
    `error-code:${definition.code}`,
    `the error code "${definition.code}" is defined twice with different options; each class keeps its own, rename one of them`,
  );
}

/**
 * The error codes that the program has defined so far, by code.
 *
 * @example
 * defineError('docs/listed', { status: 404 });
 * errorCodes().some((definition) => definition.code === 'docs/listed') === true;
 */
export function errorCodes(): ErrorDefinition[] {
  return [...registry().values()].sort((a, b) => (a.code < b.code ? -1 : 1));
}

/** The codes as a Markdown table, for documentation. */
export function errorCodesMarkdown(definitions: readonly ErrorDefinition[] = errorCodes()): string {
  const cell = (text: string | undefined): string => (text ?? '').replace(/\|/g, '\\|').replace(/</g, '&lt;').replace(/\s+/g, ' ');
  const rows = definitions.map((d) => `| \`${d.code}\` | ${d.status} | ${d.kind} | ${cell(d.public)} | ${cell(d.hint)} | ${cell(d.owner)} |`);
  return ['| code | status | kind | what the user reads | what to do | owner |', '|---|---|---|---|---|---|', ...rows, ''].join('\n');
}
