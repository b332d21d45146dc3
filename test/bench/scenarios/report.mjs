import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PLACES = 1_000; // more than are told apart at once, so that none is folded into another

/**
 * Functions that each make an error below six calls of their own, one a line of one file: the ten frames of a stack
 * differ in their first lines, as those of different failures do. A file, because Sentry reads the lines around a frame.
 */
async function makePlaces() {
  const dir = mkdtempSync(join(tmpdir(), 'sonde-bench-'));
  const lines = Array.from(
    { length: PLACES },
    (_, i) => `  function place${i}(depth) { if (depth > 0) return place${i}(depth - 1); return new OrderError('Cannot place order "o-17"'); },`,
  );
  writeFileSync(join(dir, 'orders.mjs'), `class OrderError extends Error {\n  name = 'OrderError';\n}\nexport const places = [\n${lines.join('\n')}\n];\n`);
  process.on('exit', () => rmSync(dir, { recursive: true, force: true }));
  return (await import(join(dir, 'orders.mjs'))).places;
}

const places = await makePlaces();
let place = 0;

/** A fresh failure, each time another one. */
const failing = () => places[place++ % PLACES](6);

export const scenario = {
  title: 'An error is made, and its record is on its way: ours is also on disk before the ID is returned',
  reference: 'pino.error',
  variants: {
    'the error alone': async () => ({ op: () => failing().stack }),
    'sonde report()': async () => {
      const { report } = await import('../../../dist/public/index.js');
      const { startSonde } = await import('../peers/sonde.mjs');
      return { ...(await startSonde({ logs: { format: 'json' } })), opsPerRound: 4_000, op: () => report(failing()) };
    },
    'sonde report(), a storm of one failure': async () => {
      const { report } = await import('../../../dist/public/index.js');
      const { startSonde } = await import('../peers/sonde.mjs');
      return { ...(await startSonde({ logs: { format: 'json' } })), opsPerRound: 4_000, op: () => report(places[0](6)) };
    },
    'pino.error': async () => {
      const { default: pino } = await import('pino');
      const log = pino();
      return { op: () => log.error({ err: failing() }, 'failed') };
    },
    'Sentry captureException': () => sentry(failing),
    // It leaves out an event that is like the one before.
    'Sentry captureException, a storm of one failure': () => sentry(() => places[0](6)),
  },
};

async function sentry(make) {
  const Sentry = await import('@sentry/node');
  (await import('../peers/sentry.mjs')).startSentry({ rate: 0, bufferSize: 10_000 }); // none is dropped, as none of ours is
  return { op: () => Sentry.captureException(make()), settle: () => Sentry.flush(1_000) };
}
