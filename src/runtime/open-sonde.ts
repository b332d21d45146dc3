import { createAdminHandler } from '../admin/handler.ts';
import { clock } from '../core/clock.ts';
import { type Duration, durationMs } from '../core/duration.ts';
import { listHandles } from '../handles/list-handles.ts';
import { adminDeps } from './admin-deps.ts';
import { type AdminServer, openAdminServer } from './admin-server.ts';
import { openAdminSocket } from './admin-socket.ts';
import type { Config } from './config/config.ts';
import { openErrorLookUp } from './error-look-up.ts';
import { setDraining } from './health.ts';
import type { ShutdownReport } from './shutdown-report.ts';
import type { OpenSonde } from './sonde.ts';
import { wireDisabled } from './wire-disabled.ts';
import { wire } from './wiring.ts';
import { within } from './within.ts';

/** Joins everything and gives the handle to it. With our own engine all is in place before the first `await`. */
export async function openSonde(config: Config): Promise<OpenSonde> {
  setDraining(false);
  const telemetry = config.disabled ? wireDisabled(config) : await wire(config);
  // Error records are in the store also where everything else is sent to a collector.
  const store = async () => (await import('../store/query.ts')).openReader(config.dir);
  const lookUp = openErrorLookUp(config.dir, store);
  const { port, host, prefix } = config.admin;
  const heap = config.admin.heapProfile && !config.disabled ? await (await import('../admin/pprof/heap-sampling.ts')).startHeapSampling() : undefined;
  const deps = { ...adminDeps(config, telemetry, lookUp), liveHeap: heap?.live };
  const admin = createAdminHandler(deps, { prefix });
  const own = createAdminHandler(deps, { prefix: '' }); // apart, so that a flood of the application's port leaves ours alone
  const server: AdminServer | undefined = port === undefined ? undefined : await openAdminServer(own, { port, host }, deps.refused);
  const socket = config.disabled ? undefined : await openAdminSocket(own, config.dir, deps.refused);
  const enders: (() => void)[] = [];
  let ended: Promise<ShutdownReport> | undefined;

  const end = async (withinMs: number): Promise<ShutdownReport> => {
    const untilMono = clock.mono() + withinMs;
    setDraining(true);
    const open = listHandles().filter((handle) => handle.holdsProcess); // before the registry is taken out
    await within(telemetry.quiet(), withinMs); // an engine of OpenTelemetry's SDK may wait for its receiver
    const report = await telemetry.end(Math.max(0, untilMono - clock.mono()));
    await Promise.all([server?.close(), socket?.close(), lookUp.close()]);
    heap?.stop();
    for (const fn of enders) fn();
    return { ...report, open };
  };
  const sonde: OpenSonde = {
    admin,
    adminPort: server?.port,
    config,
    ledger: () => telemetry.ledger(),
    flush: ({ within: limit = '2s' } = {}) => telemetry.flush(limitOf(limit)),
    shutdown({ within: limit = '5s' } = {}) {
      const withinMs = limitOf(limit);
      ended ??= end(withinMs);
      return ended;
    },
    async [Symbol.asyncDispose]() {
      await sonde.shutdown();
    },
    onEnd(fn) {
      enders.push(fn);
    },
  };
  return sonde;
}

function limitOf(within: Duration): number {
  return durationMs(within, 'within');
}
