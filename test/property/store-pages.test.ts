import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cleanBlock, cleanJson, cleanLine } from '../../src/cli/output/clean.ts';
import { openReader } from '../../src/store/query.ts';
import { openWriter } from '../../src/store/writer.ts';
import { errorRecord, logData, RESOURCE } from '../unit/store/records.ts';

const HOUR = 3_600_000;

/** Times of records in hours from now: some days back, some out of every bound. */
const hours = fc.array(fc.oneof(fc.integer({ min: -80, max: 20 }), fc.constantFrom(-1e6, -0.5, 0, 1e5)), { maxLength: 40 });

describe('pages of the store', () => {
  it('hold every record once, whatever its time and the size of the pages', async () => {
    await fc.assert(
      fc.asyncProperty(hours, fc.integer({ min: 1, max: 9 }), async (offsets, limit) => {
        const dir = mkdtempSync(join(tmpdir(), 'sonde-pages-'));
        const writer = openWriter(dir, { resource: RESOURCE });
        const now = Date.now();
        const errors = offsets.map((offset) => errorRecord({ timeMs: now + offset * HOUR }));
        writer.writeErrors(errors);
        writer.writeLogs(offsets.map((offset, i) => logData({ timeMs: now + offset * HOUR, message: String(i) })));
        const reader = openReader(dir);
        try {
          const ids = errors.map((error) => error['error.id']);
          if (ids.length > 0) {
            expect((await walk((after) => reader.errors({ limit, after }))).map((error) => error['error.id']).sort()).toEqual([...ids].sort());
            expect((await walk((after) => reader.logs({ limit, after }))).map(({ message }) => Number(message)).sort((a, b) => a - b)).toEqual(
              ids.map((_id, i) => i),
            );
            // Also where the clock was wrong when the ID was minted.
            for (const id of ids) expect((await reader.error(id))?.['error.id']).toBe(id);
          }
        } finally {
          await reader.close();
          writer.close();
          rmSync(dir, { recursive: true, force: true });
        }
      }),
      { numRuns: 25 },
    );
  });
});

async function walk<T>(read: (after: string | undefined) => Promise<{ readonly items: readonly T[]; readonly next: string | undefined }>): Promise<T[]> {
  const items: T[] = [];
  let after: string | undefined;
  do {
    const page = await read(after);
    items.push(...page.items);
    after = page.next;
  } while (after !== undefined);
  return items;
}

const anyText = fc.string({ unit: 'binary' });

describe('text for a terminal', () => {
  const acts = (text: string): boolean => [...text].some((char) => /[\p{Cc}\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/u.test(char));

  it('holds nothing that acts on it', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(acts(cleanLine(text))).toBe(false);
        expect(acts(cleanBlock(text).replaceAll('\n', ''))).toBe(false);
        expect(acts(cleanJson({ [text]: text }))).toBe(false);
      }),
      { numRuns: 2_000 },
    );
  });

  it('is still the same value as JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(cleanJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});
