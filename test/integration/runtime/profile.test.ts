import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { gunzipSync } from 'node:zlib';
import { type Sonde, start, traced } from 'sonde';
import { afterEach, expect, it } from 'vitest';

let sonde: Sonde | undefined;
const dir = mkdtempSync(join(tmpdir(), 'sonde-profile-'));
afterEach(async () => {
  await sonde?.shutdown({ within: '60s' });
  rmSync(dir, { recursive: true, force: true });
});

async function bytesOf(path: string): Promise<Buffer> {
  const answer = await fetch(`http://127.0.0.1:${sonde?.adminPort}${path}`);
  expect(answer.status).toBe(200);
  return gunzipSync(Buffer.from(await answer.arrayBuffer()));
}

it('a profile is written on a thread of its own, and the heap since the start is told at once', async () => {
  sonde = await start({ service: 'profiled', dir, admin: { port: 0, heapProfile: true }, logs: { level: 'off' } });
  const keep = traced('profiled.keep', function keepMany() {
    return Array.from({ length: 100 }, () => new Array(10_000).fill(0.5));
  });
  const kept = keep();
  const written: unknown[] = [];
  const note = (worker: Worker): void => void worker.once('message', (message) => written.push(message));
  process.on('worker', note);
  try {
    const heap = await bytesOf('/debug/pprof/heap');
    expect(heap.includes('keepMany') && heap.includes('profiled.keep') && heap.includes('inuse_space')).toBe(true);
    expect((await bytesOf('/debug/pprof/profile?seconds=0.1')).includes('nanoseconds')).toBe(true);
  } finally {
    process.off('worker', note);
  }
  expect(written.length).toBe(2);
  expect([kept.length, keep.name]).toEqual([100, 'keepMany']); // both are alive until here
});
