import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ErrorRecord } from '../../../src/core/records.ts';
import { resource, setResource } from '../../../src/core/resource.ts';
import { adoptCrashReports, enableCrashReports } from '../../../src/errors/crash-reports.ts';

const former = resource;
const GONE = 4_194_000; // above the system's highest process ID
const REPORT = JSON.stringify({
  header: { event: 'Allocation failed - JavaScript heap out of memory', trigger: 'OOMError', dumpEventTimeStamp: '1790000000000', processId: GONE },
});
const FILE = `report.20261121.120000.${GONE}.0.001.json`;
let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'sonde-reports-'));
});
afterEach(() => {
  setResource(former);
  rmSync(dir, { recursive: true, force: true });
});

function adopt(): ErrorRecord[] {
  const taken: ErrorRecord[] = [];
  adoptCrashReports(dir, (record) => taken.push(record) > 0);
  return taken;
}

describe('reports of processes that died in V8', () => {
  it('say which service and release died, whoever starts next', () => {
    setResource({ 'service.name': 'shop/eu @1', 'service.version': '1.0.0+a', 'service.instance.id': 'first' });
    const undo = enableCrashReports(dir);
    const folder = process.report.directory;
    undo();
    expect(folder.startsWith(join(dir, 'reports'))).toBe(true);
    writeFileSync(join(folder, FILE), REPORT);
    setResource({
      'service.name': 'billing',
      'service.version': '2.0.0',
      'deployment.environment.name': 'prod',
      'service.instance.id': 'second',
      'host.name': 'h',
    });
    const [record, ...more] = adopt();
    expect(more).toEqual([]);
    expect(record).toMatchObject({ 'error.type': 'OutOfMemoryError', 'service.name': 'shop/eu @1', 'service.version': '1.0.0+a', 'host.name': 'h' });
    expect(record).not.toHaveProperty(['deployment.environment.name']);
    expect(record).not.toHaveProperty(['service.instance.id']);
    expect(readdirSync(folder)).toEqual([]);
    expect(adopt()).toEqual([]);
  });

  it('that lie in the folder itself are those of the service that starts', () => {
    mkdirSync(join(dir, 'reports'));
    writeFileSync(join(dir, 'reports', FILE), REPORT);
    setResource({ 'service.name': 'billing', 'service.version': '2.0.0' });
    expect(adopt()).toMatchObject([{ 'service.name': 'billing', 'service.version': '2.0.0' }]);
  });

  it('leave no folders of old releases, and no foreign folder is touched', () => {
    setResource({ 'service.name': 'billing', 'service.version': '2.0.0' });
    const old = new Date(Date.now() - 31 * 86_400_000);
    for (const name of ['billing@1.0.0@', 'billing@2.0.0@', 'mine']) {
      mkdirSync(join(dir, 'reports', name), { recursive: true });
      utimesSync(join(dir, 'reports', name), old, old);
    }
    mkdirSync(join(dir, 'reports', 'billing@1.9.0@'));
    mkdirSync(join(dir, 'reports', '%E0%A4%A@@'));
    expect(adopt()).toEqual([]);
    expect(readdirSync(join(dir, 'reports')).sort()).toEqual(['%E0%A4%A@@', 'billing@1.9.0@', 'billing@2.0.0@', 'mine']);
  });
});
