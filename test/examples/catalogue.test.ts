import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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
  for (const card of ['4242424242424242', '4000000000000002']) {
    await (await fetch(`${app}/orders`, { method: 'POST', body: JSON.stringify({ plan: 'pro', seats: 1, card }) })).text();
  }
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
  });

  it('whatever the wrappers of calls emit is in it', () => {
    const known = new Set(SDK_METRICS.map((entry) => entry.name));
    const own = [...families.keys()].filter((name) => /^(?:resilience4j|sonde_(?:retry|hedge|fallback|cache))_/.test(name));
    expect(own.length).toBeGreaterThan(20);
    expect(own.filter((name) => !known.has(name))).toEqual([]);
  });

  it('every metric of ours that has labels shows at least one of them', () => {
    for (const entry of SDK_METRICS) {
      const family = families.get(entry.name);
      if (entry.onlyWhen === undefined && entry.labels.length > 0) expect([entry.name, family?.labels.size]).not.toEqual([entry.name, 0]);
    }
    expect(families.size).toBeGreaterThan(15);
  });
});
