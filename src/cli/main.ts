#!/usr/bin/env node
import { run } from './program.ts';

// A reader that has seen enough closes the pipe (`sonde logs | head`): that is an end, not a failure.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 3));
}

let endsAtOnce = false;
const endAtOnce = (): void => {
  endsAtOnce = true;
};
process.exitCode = await run(process.argv.slice(2), { stdout: process.stdout, stderr: process.stderr, env: process.env, now: Date.now, endAtOnce });
// A pipe is written to later: the last callback says that all is out.
if (endsAtOnce)
  process.stderr.write('', () =>
    process.stdout.write('', () => {
      process.stdout.write = process.stderr.write.bind(process.stderr) as typeof process.stdout.write; // the last words of what was imported
      process.exit();
    }),
  );
