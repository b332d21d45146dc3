import { explainExit } from '../handles/explain-exit.ts';
import { watchForeverTicking } from '../handles/forever.ts';
import { suspectedLeaks, watchGrowth } from '../handles/growth.ts';
import { watchHeapGrowth } from '../handles/heap-growth.ts';
import { installHandles } from '../handles/install.ts';
import { handleCounts } from '../handles/list-handles.ts';
import { defineReading } from '../metrics/registry.ts';
import { listHeartbeats } from '../resilience/heartbeat.ts';
import type { Config } from './config/config.ts';

/** Watches what the process holds open and whether its workers live; returns the functions that end it. */
export function watchProcess(config: Pick<Config, 'handles' | 'explainExit'>): (() => void)[] {
  const undo = [watchHeartbeats()];
  if (config.handles) undo.push(installHandles(), watchCounts(), watchSuspicions(), watchGrowth(), watchHeapGrowth(), watchForeverTicking());
  if (config.explainExit) undo.push(...(config.handles ? [] : [installHandles()]), explainExit());
  return undo;
}

function watchCounts(): () => void {
  return defineReading({ type: 'gauge', name: 'sonde_handles_open', help: 'Open handles by type', labels: ['type'] }, () =>
    [...handleCounts()].map(([type, value]) => ({ labels: { type }, value })),
  );
}

function watchSuspicions(): () => void {
  return defineReading({ type: 'gauge', name: 'sonde_leaks_suspected', help: 'What only grows: its size now', labels: ['type', 'source'] }, () =>
    suspectedLeaks().map(({ type, source, count }) => ({ labels: { type, source }, value: count })),
  );
}

function watchHeartbeats(): () => void {
  return defineReading({ type: 'gauge', name: 'sonde_heartbeat_age_seconds', help: 'Time since a heartbeat last beat', labels: ['name'] }, () =>
    listHeartbeats().flatMap(({ name, ageMs }) => (ageMs === undefined ? [] : [{ labels: { name }, value: ageMs / 1_000 }])),
  );
}
