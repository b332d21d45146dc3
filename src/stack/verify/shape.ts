import * as v from 'valibot';
import { nearest } from '../../core/nearest.ts';
import type { StackDocument } from './documents.ts';
import type { Finding } from './finding.ts';

type Entries = Parameters<typeof v.looseObject>[0];

/** An object with these keys and no others; another one is named with the nearest that there is. */
export function closed<T extends Entries>(entries: T) {
  return v.pipe(
    v.unknown(),
    v.rawCheck(({ dataset, addIssue }) => {
      for (const key of unknownKeys(dataset.value, Object.keys(entries))) {
        const near = nearest(key, Object.keys(entries));
        addIssue({
          message: `"${key}" is no key here${near ? `; did you mean "${near}"?` : `, expected ${Object.keys(entries).join(', ')}`}`,
          path: [pathItem(dataset.value, key)],
        });
      }
    }),
    v.looseObject(entries),
  );
}

/** An object that may have other keys too, but none that looks like one of `names` typed wrong. */
export function open<T extends Entries>(entries: T, names: readonly string[] = []) {
  const known = [...Object.keys(entries), ...names];
  return v.pipe(
    v.unknown(),
    v.rawCheck(({ dataset, addIssue }) => {
      for (const key of unknownKeys(dataset.value, known)) {
        const near = nearest(key, known);
        if (near && key.length > 3) addIssue({ message: `"${key}" is no key known here; did you mean "${near}"?`, path: [pathItem(dataset.value, key)] });
      }
    }),
    v.looseObject(entries),
  );
}

function unknownKeys(value: unknown, known: readonly string[]): string[] {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value).filter((key) => !known.includes(key)) : [];
}

function pathItem(value: unknown, key: string): v.IssuePathItem {
  const input = value as Record<string, unknown>;
  return { type: 'object', origin: 'value', input, key, value: input[key] } as v.IssuePathItem;
}

/** A text of this form; `expected` says what it should be. */
export function text(pattern: RegExp, expected: string) {
  return v.pipe(
    v.string(),
    v.regex(pattern, (issue) => `${JSON.stringify(issue.input)} is not what it should be: ${expected}`),
  );
}

/** A duration as Prometheus, Loki and Alertmanager read it: `1m`, `1h30m`. */
export const PROM_DURATION = text(/^(?:\d+(?:ms|[smhdwy]))+$/, 'a duration such as 30s, 5m or 1h30m');

/** What does not fit a shape: where, and what was expected. */
export function shapeFindings(schema: v.GenericSchema, document: StackDocument): Finding[] {
  return issuesOf(schema, document.value).map((issue) => {
    const path = (issue.path ?? []).map((item) => item.key as string | number);
    return { file: document.file, line: document.lineAt(path), message: inWords(issue) };
  });
}

/** The same of a value that no file holds. */
export function shapeProblems(schema: v.GenericSchema, value: unknown): string[] {
  return issuesOf(schema, value).map(inWords);
}

function issuesOf(schema: v.GenericSchema, value: unknown): readonly v.BaseIssue<unknown>[] {
  return v.safeParse(schema, value).issues ?? [];
}

function inWords(issue: v.BaseIssue<unknown>): string {
  return `${v.getDotPath(issue) ?? 'document'}: ${issue.message}`;
}
