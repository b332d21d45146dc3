import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Lookup } from '../../src/store/lookup.ts';
import { openLookup } from '../../src/store/open-lookup.ts';
import { openReader } from '../../src/store/query.ts';
import { openWriter } from '../../src/store/writer.ts';
import { type LookupPlace, lookupContract, resourceOf } from './lookup.ts';

/** A store in a folder of its own. */
function openStore(open: (dir: string) => Lookup): LookupPlace {
  const dir = mkdtempSync(join(tmpdir(), 'sonde-lookup-'));
  const lookup = open(dir);
  return {
    lookup,
    async add(given) {
      const writer = openWriter(dir, { resource: resourceOf(given) });
      const results = [writer.writeSpans(given.spans ?? []), writer.writeLogs(given.logs ?? []), writer.writeErrors(given.errors ?? [])];
      writer.close();
      for (const { failure } of results) if (failure) throw failure;
    },
    async close() {
      await lookup.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

lookupContract({ name: 'the embedded store', open: async () => openStore(openReader), traces: true, deviations: {} });
lookupContract({ name: 'the embedded store with its journals', open: async () => openStore(openLookup), traces: true, deviations: {} });
