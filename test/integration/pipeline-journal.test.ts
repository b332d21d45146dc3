import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openJournal } from '../../dist/errors/journal.js';
import { type Pipeline, startPipeline } from '../../dist/pipeline/pipeline.js';
import { openReader } from '../../dist/store/query.js';
import { decodeOfficially } from '../unit/pipeline/official-proto.ts';
import { expectBalanced, httpReceiver } from './pipeline-rig.ts';

const DEAD_PID = 4_194_305; // above the largest process ID that Linux gives
const IDS = ['0000-0100-0000-000G', '0000-0200-0000-000N'];

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'sonde-journal-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function errorLine(id: string): string {
  const timestamp = new Date().toISOString();
  return JSON.stringify({
    timestamp,
    observed_timestamp: timestamp,
    level: 'error',
    severity_number: 17,
    message: `failure ${id}`,
    'event.name': 'exception',
    logger: 'orders',
    'exception.type': 'Error',
    'exception.message': `failure ${id}`,
    'exception.stacktrace': `Error: failure ${id}\n    at place (/app/orders.js:1:1)`,
    'error.id': id,
    'error.type': 'Error',
    'sonde.error.kind': 'bug',
  });
}

/** What a process that was killed leaves: whole lines, and the beginning of one. */
function leaveJournal(): void {
  mkdirSync(join(dir, 'journal'), { recursive: true });
  const header = JSON.stringify({ journal: 1, pid: DEAD_PID, host: hostname(), started: new Date().toISOString() });
  writeFileSync(join(dir, 'journal', `${DEAD_PID}-1000.ndjson`), `${[header, ...IDS.map(errorLine)].join('\n')}\n{"timestamp":"2026-`);
}

async function finish(pipeline: Pipeline): Promise<void> {
  await pipeline.flush(60_000);
  expectBalanced(pipeline.ledger());
  expect(await pipeline.shutdown(60_000)).toMatchObject({ lost: 0 });
}

describe('error records', () => {
  it('of a process that was killed are in the store after the next start, once', async () => {
    leaveJournal();
    const pipeline = startPipeline({ dir, resource: {}, sink: { kind: 'store' }, exitHooks: false });
    await finish(pipeline);
    expect(pipeline.ledger().error).toMatchObject({ produced: 2, stored: 2, pending: 0 });
    expect(readdirSync(join(dir, 'journal'))).toEqual([]);
    leaveJournal();
    await finish(startPipeline({ dir, resource: {}, sink: { kind: 'store' }, exitHooks: false }));
    const reader = openReader(dir);
    expect((await reader.errors({ limit: 10 })).items.map((item) => item['error.id']).sort()).toEqual(IDS);
    expect((await reader.error(IDS[0] as string))?.message).toBe(`failure ${IDS[0]}`);
    await reader.close();
  });

  it('of a process that was killed are sent by the next start', async () => {
    leaveJournal();
    const bodies: string[] = [];
    const receiver = await httpReceiver((_, body, response) => {
      for (const scope of decodeOfficially('log', body).resourceLogs[0].scopeLogs)
        bodies.push(...scope.logRecords.map((record: { body: { stringValue: string } }) => record.body.stringValue));
      response.end();
    });
    const pipeline = startPipeline({ dir, resource: {}, sink: { kind: 'otlp', endpoint: receiver.url }, exitHooks: false });
    await finish(pipeline);
    await receiver.close();
    expect(pipeline.ledger().error).toMatchObject({ produced: 2, sent: 2, pending: 0 });
    expect(bodies.sort()).toEqual(IDS.map((id) => `failure ${id}\nError: failure ${id}\n    at place (/app/orders.js:1:1)`));
    expect(readdirSync(join(dir, 'journal'))).toEqual([]);
  });

  it('are acknowledged when they are stored, and not replayed from the journal that is written', async () => {
    const journal = openJournal(dir);
    const acknowledged: number[] = [];
    const pipeline = startPipeline({
      dir,
      resource: {},
      sink: { kind: 'store' },
      journals: [journal.path],
      acknowledgeErrors: (total) => {
        acknowledged.push(total);
        journal.acknowledge(total);
      },
      exitHooks: false,
    });
    for (const id of IDS) {
      journal.append(errorLine(id));
      pipeline.error(errorLine(id));
    }
    await finish(pipeline);
    journal.close();
    expect(acknowledged.at(-1)).toBe(2);
    expect(pipeline.ledger().error).toMatchObject({ produced: 2, stored: 2 });
    expect(readdirSync(join(dir, 'journal'))).toEqual([]);
  });
});
