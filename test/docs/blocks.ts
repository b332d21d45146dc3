/** A piece of code in a document. */
export interface Block {
  readonly file: string;
  /** Line of its first line of code, from 1. */
  readonly line: number;
  readonly language: string;
  readonly code: string;
  /** Why it is not run: `<!-- not run: reason -->` on the line before it. */
  readonly notRun: string | undefined;
}

const FENCE = /^```(\w+)/;
const NOT_RUN = /^<!-- not run: (\S.*) -->$/;

/** The `ts`, `js` and `sh` blocks of a Markdown text. */
export function markdownBlocks(file: string, text: string): Block[] {
  const lines = text.split('\n');
  const blocks: Block[] = [];
  for (let i = 0; i < lines.length; i++) {
    const language = FENCE.exec(lines[i] ?? '')?.[1];
    if (language === undefined) continue;
    const end = lines.indexOf('```', i + 1);
    if (end < 0) throw new Error(`Cannot read "${file}": the block of line ${i + 1} has no end, expected \`\`\``);
    if (['ts', 'js', 'sh'].includes(language)) {
      blocks.push({ file, line: i + 2, language, code: lines.slice(i + 1, end).join('\n'), notRun: NOT_RUN.exec(lines[i - 1] ?? '')?.[1] });
    }
    i = end;
  }
  return blocks;
}

/** The `@example` of a doc comment. */
export interface Example {
  readonly file: string;
  readonly line: number;
  /** What the comment stands before. */
  readonly subject: string;
  readonly code: string;
}

const COMMENT = /\/\*\*[\s\S]*?\*\//g;
const SUBJECT =
  /^\s*(?:@\w+(?:\([^)]*\))?\s*)*(?:export\s+)?(?:declare\s+)?(?:default\s+)?(?:abstract\s+)?(?:async\s+)?(?:function\*?|const|let|class|interface|type)?\s*([\w$]+)/;

/** The examples in the doc comments of a TypeScript source. */
export function examplesOf(file: string, text: string): Example[] {
  return [...text.matchAll(COMMENT)].flatMap((match) => {
    const comment = match[0];
    const after = text.slice(match.index + comment.length);
    const subject = SUBJECT.exec(after)?.[1] ?? 'unknown';
    // Split at every tag: a comment may hold several examples, and other tags after them.
    const parts = [...comment.matchAll(/@example\b([\s\S]*?)(?=\n\s*\*\s*@\w|\*\/$)/g)];
    return parts.map((part) => {
      const code = (part[1] ?? '')
        .split('\n')
        .map((line) => line.replace(/^\s*\* ?/, ''))
        .filter((line) => !line.startsWith('```'))
        .join('\n')
        .trim();
      const line = text.slice(0, match.index + part.index).split('\n').length + 1;
      return { file, line, subject, code };
    });
  });
}
