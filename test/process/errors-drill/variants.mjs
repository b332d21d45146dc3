// The ways in which the drill makes life hard, besides kill -9.
import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readdirSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const CLOSED_PORT = 9; // discard: nobody listens there

/** Each: what it does to the services and the folder, and which losses are allowed. */
export const VARIANTS = {
  plain: {},
  // Long rounds: after a second the worker has spooled what it cannot send.
  'collector-down': {
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${CLOSED_PORT}` },
    roundMs: 1_500,
    width: 2,
    waits: true,
    saysSo: /cannot deliver/,
  },
  'worker-broken': {
    during: (services) => {
      for (const service of services) service.tell({ breakWorker: true });
    },
    waits: true, // for the thread to end and a new one to begin
    saysSo: /worker ended/,
  },
  'two-processes': { services: 2 },
  'clock-back': {
    during: (services, round) => {
      for (const service of services) service.tell({ clock: -3_600_000 * (1 + (round % 5)) });
    },
  },
  'disk-full': {
    needsRoot: true,
    mount(dir) {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', dir]);
      return () => execFileSync('umount', ['-l', dir]);
    },
    during: (_services, round, dir) => (round % 2 === 0 ? fill(join(dir, 'filler')) : undefined),
    async ease(_services, _round, dir) {
      rmSync(join(dir, 'filler'), { force: true });
    },
    allowsUnsaved: true,
  },
  'store-corrupted': {
    between: (round, dir, drill) => {
      if (round < 3 || drill.damaged) return undefined;
      drill.damaged = damage(join(dir, 'store'));
      if (!drill.damaged) return undefined;
      drill.forgive();
      return drill.calmRound(); // one that is not killed, so that it can say what it met // what only the damaged day held is lost, and is said to be
    },
    saysSo: /store/i,
  },
};

/** Takes all the room there is. */
function fill(path) {
  const fd = openSync(path, 'w');
  for (let size = 1_048_576; size >= 1; size = Math.floor(size / 4)) {
    try {
      for (;;) writeSync(fd, Buffer.alloc(size));
    } catch {
      // a smaller piece may still fit
    }
  }
  closeSync(fd);
}

/** Writes rubbish over every day file, header and pages. */
function damage(folder) {
  let damaged = 0;
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    if (!name.endsWith('.db')) continue;
    const path = join(folder, name);
    const fd = openSync(path, 'r+');
    const { size } = statSync(path);
    for (let at = 0; at < size; at += 4_096) writeSync(fd, Buffer.alloc(2_048, 0xa5), 0, 2_048, at);
    closeSync(fd);
    rmSync(`${path}-wal`, { force: true });
    rmSync(`${path}-shm`, { force: true });
    damaged++;
  }
  return damaged > 0;
}
