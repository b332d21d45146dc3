import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const programs = join(import.meta.dirname, '..', 'programs');

/** CPU milliseconds of a process until its program says that it is ready. */
function cpuOf(program) {
  const cwd = mkdtempSync(join(tmpdir(), 'sonde-bench-'));
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [join(programs, program)], { cwd, timeout: 30_000 }, (error, stdout) => {
      rmSync(cwd, { recursive: true, force: true });
      const ready = /ready (\d+)/.exec(stdout);
      if (ready) resolve(Number(ready[1]) / 1_000);
      else reject(error ?? new Error(`${program} did not get ready: ${stdout}`));
    });
  });
}

/** The program and the empty one, one after the other, so that a busy machine hits both. */
const overEmpty = (program) => async () => ({
  async sample() {
    const [whole, empty] = [await cpuOf(program), await cpuOf('empty.mjs')];
    return { over: whole - empty, whole };
  },
});

export const scenario = {
  title: 'Import and start: CPU over an empty Node, until the first function could be traced',
  targets: [{ variant: 'sonde, import and start()', atMost: { 20: 0.12, 24: 0.12 } }],
  reference: 'hand-assembled OpenTelemetry, prom-client and pino',
  columns: { over: 'CPU ms over an empty Node', whole: 'CPU ms' },
  variants: {
    'sonde, import and start()': overEmpty('start-sonde.mjs'),
    'hand-assembled OpenTelemetry, prom-client and pino': overEmpty('start-opentelemetry.mjs'),
    'dd-trace': overEmpty('start-dd-trace.mjs'),
    Sentry: overEmpty('start-sentry.mjs'),
  },
};
