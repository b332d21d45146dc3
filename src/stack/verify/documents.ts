import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Document, isPair, isScalar, LineCounter, parseDocument, visit } from 'yaml';
import type { Finding } from './finding.ts';

const MAX_BYTES = 4_194_304; // the largest dashboard here is under 40 kB
const MAX_FILES = 1_000;

/** A parsed file of the stack. JSON is read as the subset of YAML that it is, so that both give line numbers. */
export interface StackDocument {
  readonly file: string;
  readonly text: string;
  readonly value: unknown;
  /** The line of the `nth` scalar whose value is `text`. */
  lineOf(text: string): number;
  /** Every string under one of `keys`, with its line. */
  strings(keys: readonly string[]): { readonly text: string; readonly line: number }[];
}

/** Reads every YAML and JSON file below `root`/`folders`, and what could not be read as findings. */
export function readDocuments(root: string, paths: readonly string[]): { documents: StackDocument[]; findings: Finding[] } {
  const documents: StackDocument[] = [];
  const findings: Finding[] = [];
  for (const file of paths.flatMap((path) => filesBelow(root, path)).slice(0, MAX_FILES)) {
    const text = readFileSync(join(root, file), 'utf8');
    if (text.length > MAX_BYTES) {
      findings.push({ file, line: 0, message: `Cannot read it: ${text.length} bytes, expected at most ${MAX_BYTES}` });
      continue;
    }
    const counter = new LineCounter();
    const document = parseDocument(text, { lineCounter: counter, merge: true });
    for (const error of document.errors)
      findings.push({ file, line: counter.linePos(error.pos[0]).line, message: `Cannot parse it: ${error.message.split('\n')[0]}` });
    if (document.errors.length === 0) documents.push(wrap(file, text, document, counter));
  }
  return { documents, findings };
}

function wrap(file: string, text: string, document: Document, counter: LineCounter): StackDocument {
  const lineAt = (offset: number | undefined): number => (offset === undefined ? 0 : counter.linePos(offset).line);
  return {
    file,
    text,
    value: document.toJS({ maxAliasCount: 1_000 }),
    lineOf(wanted) {
      let line = 0;
      visit(document, {
        Scalar(_key, node) {
          if (node.value !== wanted) return undefined;
          line = lineAt(node.range?.[0]);
          return visit.BREAK;
        },
      });
      return line;
    },
    strings(keys) {
      const found: { text: string; line: number }[] = [];
      visit(document, {
        Pair(_key, pair) {
          if (!isPair(pair) || !isScalar(pair.key) || !isScalar(pair.value)) return;
          if (keys.includes(String(pair.key.value)) && typeof pair.value.value === 'string')
            found.push({ text: pair.value.value, line: lineAt(pair.value.range?.[0]) });
        },
      });
      return found;
    },
  };
}

function filesBelow(root: string, path: string): string[] {
  if (/\.(ya?ml|json)$/.test(path)) return [path];
  return readdirSync(join(root, path), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ya?ml|json)$/.test(name))
    .map((name) => join(path, name))
    .sort();
}
