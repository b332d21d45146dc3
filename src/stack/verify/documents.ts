import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Document, isAlias, isMap, isNode, isPair, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml';
import type { Finding } from './finding.ts';

const MAX_BYTES = 4_194_304; // the largest dashboard here is under 40 kB
const MAX_FILES = 1_000;
const MAX_ALIASES = 1_000;

/** A parsed file of the stack. JSON is read as the subset of YAML that it is, so that both give line numbers. */
export interface StackDocument {
  readonly file: string;
  readonly text: string;
  readonly value: unknown;
  /** The line of the first scalar whose value is `text`. */
  lineOf(text: string): number;
  /** The line of the value at a path, or of the nearest thing around it. */
  lineAt(path: readonly (string | number)[]): number;
  /** Every string under one of `keys`, or in a list there, with its line. */
  strings(keys: readonly string[]): { readonly text: string; readonly line: number }[];
}

/** Reads every YAML and JSON file below `root`/`folders`, and what could not be read as findings. */
export function readDocuments(root: string, paths: readonly string[]): { documents: StackDocument[]; findings: Finding[] } {
  const documents: StackDocument[] = [];
  const findings: Finding[] = [];
  for (const path of paths) if (!existsSync(join(root, path))) findings.push({ file: path, line: 0, message: 'is missing' });
  const present = paths.filter((path) => existsSync(join(root, path)));
  for (const file of present.flatMap((path) => filesBelow(root, path)).slice(0, MAX_FILES)) {
    const text = readFileSync(join(root, file), 'utf8');
    if (text.length > MAX_BYTES) {
      findings.push({ file, line: 0, message: `Cannot read it: ${text.length} bytes, expected at most ${MAX_BYTES}` });
      continue;
    }
    const counter = new LineCounter();
    const document = parseDocument(text, { lineCounter: counter, merge: true });
    const problems = document.errors.map((error) => ({ at: error.pos[0], message: error.message }));
    if (problems.length === 0) problems.push(...valueProblems(file, text, document));
    for (const { at, message } of problems) findings.push({ file, line: counter.linePos(at).line, message: `Cannot parse it: ${message.split('\n')[0]}` });
    if (problems.length === 0) documents.push(wrap(file, text, document, counter));
  }
  return { documents, findings };
}

/** What only shows when the value is made: aliases that lead nowhere; and what YAML takes in a JSON file but no reader of JSON. */
function valueProblems(file: string, text: string, document: Document): { at: number; message: string }[] {
  try {
    document.toJS({ maxAliasCount: MAX_ALIASES });
    if (file.endsWith('.json')) JSON.parse(text);
    return [];
  } catch (error) {
    const { message } = error as Error;
    const position = /position (\d+)/.exec(message)?.[1];
    const alias = /alias.*?:? (\w+)$/.exec(message)?.[1];
    return [{ at: position ? Number(position) : Math.max(0, alias ? text.indexOf(`*${alias}`) : 0), message }];
  }
}

function wrap(file: string, text: string, document: Document, counter: LineCounter): StackDocument {
  const lineAt = (offset: number | undefined): number => (offset === undefined ? 0 : counter.linePos(offset).line);
  return {
    file,
    text,
    value: document.toJS({ maxAliasCount: MAX_ALIASES }),
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
    lineAt(path) {
      for (let depth = path.length; depth > 0; depth--) {
        const line = lineAt(offsetOf(document, path.slice(0, depth)));
        if (line > 0) return line;
      }
      return 1;
    },
    strings(keys) {
      const found: { text: string; line: number }[] = [];
      visit(document, {
        Pair(_key, pair) {
          if (!isPair(pair) || !isScalar(pair.key) || !keys.includes(String(pair.key.value))) return;
          for (const value of isSeq(pair.value) ? pair.value.items : [pair.value])
            if (isScalar(value) && typeof value.value === 'string') found.push({ text: value.value, line: lineAt(value.range?.[0]) });
        },
      });
      return found;
    },
  };
}

/** Where the key that leads to a value stands, or the value itself in a list. */
function offsetOf(document: Document, path: readonly (string | number)[]): number | undefined {
  const last = path.at(-1);
  const around = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  const inside = isAlias(around) ? around.resolve(document) : around;
  if (isMap(inside)) {
    const pair = inside.items.find((item) => isScalar(item.key) && String(item.key.value) === String(last));
    return isScalar(pair?.key) ? pair.key.range?.[0] : undefined;
  }
  const item = isSeq(inside) ? inside.items[Number(last)] : undefined;
  return isNode(item) ? item.range?.[0] : undefined;
}

function filesBelow(root: string, path: string): string[] {
  if (/\.(ya?ml|json)$/.test(path)) return [path];
  return readdirSync(join(root, path), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ya?ml|json)$/.test(name))
    .map((name) => join(path, name).replaceAll('\\', '/'))
    .sort();
}
