import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { placeDeclined, placeOne } from '../../examples/checkout/src/demo/drive.ts';
import { RESOURCE_LABELS, SDK_METRICS } from '../../src/stack/catalogue/metrics.ts';
import { buildExample, type Example, startExample } from './services.ts';

let example: Example;
let dir: string;
const put = (url: string): Promise<Response> => fetch(url, { method: 'PUT' });
/** Labels by family, from a live page. */
const families = new Map<string, { readonly type: string; readonly labels: Set<string> }>();

beforeAll(async () => {
  await buildExample();
  dir = await mkdtemp(join(tmpdir(), 'sonde-catalogue-'));
  example = await startExample({ SONDE_DIR: dir, CHECKOUT_DIR: dir });
  const { app, admin } = example;
  const placed = JSON.parse((await placeOne(app)).body) as { id: string };
  await placeDeclined(app);
  await mkdir(join(dir, 'orders', 'o-unreadable.json')); // a folder in place of a file: the store cannot read it
  await fetch(`${app}/orders/o-unreadable`);
  const notKept = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-00`; // by its caller
  await fetch(`${app}/orders/${placed.id}`, { headers: { traceparent: notKept } });
  await put(`${admin}/log/level?logger=orders&level=debug&ttl=10m`);
  const page = await (await fetch(`${admin}/metrics`)).text();
  for (const [, name = '', type = ''] of page.matchAll(/^# TYPE (\S+) (\S+)$/gm)) families.set(name, { type, labels: new Set() });
  for (const [, name = '', labels = ''] of page.matchAll(/^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? \S+$/gm)) {
    const family = families.get(name) ?? families.get(name.replace(/_(?:bucket|sum|count)$/, ''));
    for (const [, label = ''] of labels.matchAll(/(\w+)="/g)) family?.labels.add(label);
  }
});
afterAll(async () => {
  await example?.stop();
  await rm(dir, { recursive: true, force: true });
});

describe('what the catalogue of the stack names is what the example emits', () => {
  it.each(SDK_METRICS.filter((entry) => entry.onlyWhen === undefined).map((entry) => [entry.name, entry] as const))('%s', (name, entry) => {
    const family = families.get(name);
    expect(family?.type).toBe(entry.type);
    const unknown = [...(family?.labels ?? [])].filter((label) => label !== 'le' && !entry.labels.includes(label) && !RESOURCE_LABELS.includes(label));
    expect(unknown).toEqual([]);
    expect(entry.labels.filter((label) => !family?.labels.has(label))).toEqual([]);
  });

  it('whatever the wrappers of calls emit is in it', () => {
    const known = new Set(SDK_METRICS.map((entry) => entry.name));
    const own = [...families.keys()].filter((name) => /^(?:resilience4j|sonde_(?:retry|hedge|fallback|cache))_/.test(name));
    expect(own.length).toBeGreaterThan(20);
    expect(own.filter((name) => !known.has(name))).toEqual([]);
  });
});
