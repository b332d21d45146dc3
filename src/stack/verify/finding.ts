/** Something that is wrong in a file of the stack. */
export interface Finding {
  /** Path below the folder that holds docker-compose.yml. */
  readonly file: string;
  /** From 1; 0 where it is about the whole file. */
  readonly line: number;
  readonly message: string;
}

/** One line: `file:line: message`. */
export function findingLine({ file, line, message }: Finding): string {
  return `${file}${line > 0 ? `:${line}` : ''}: ${message}`;
}
