import { OWN_FOLDER, OWN_URL } from '../core/package-paths.ts';

/** Where this package's own files lie, as V8 writes it in stacks: as an address and as a path. */
const OWN = [OWN_URL, OWN_FOLDER];
const FRAME = /^\s*at /;

/** Takes the frames of this package out of a stack: they tell nothing of the failure. A stack of nothing else stays whole. */
export function withoutOwnFrames(stack: string): string {
  const lines = stack.split('\n');
  const rest = lines.filter((line) => !(FRAME.test(line) && OWN.some((folder) => line.includes(folder))));
  return rest.some((line) => FRAME.test(line)) ? rest.join('\n') : stack;
}
