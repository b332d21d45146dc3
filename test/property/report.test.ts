import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bind } from '../../src/core/bind.ts';
import { completeRecord } from '../../src/errors/complete.ts';
import { configureErrors } from '../../src/errors/configure.ts';
import { parseErrorId } from '../../src/errors/error-id.ts';
import { type Journal, openJournal } from '../../src/errors/journal.ts';
import { parseJournalLine } from '../../src/errors/journal-reader.ts';
import { problem } from '../../src/errors/problem.ts';
import { report } from '../../src/errors/report.ts';

let dir: string;
let journal: Journal;
let undo: () => void;
let last: string;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'sonde-any-'));
  journal = openJournal(dir);
  undo = configureErrors({
    journal,
    onRecord(line) {
      last = line;
      journal.acknowledge(journal.appended); // it need not grow
    },
  });
});
afterAll(() => {
  undo();
  journal.close();
  rmSync(dir, { recursive: true, force: true });
});

const anything = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withTypedArray: true,
  withNullPrototype: true,
  withObjectString: true,
});
/** Errors as programs make them, and as nobody should: any field may be anything. */
const thrown = fc.oneof(
  anything,
  fc
    .record({
      message: fc.string(),
      cause: anything,
      fields: fc.dictionary(fc.constantFrom('name', 'code', 'status', 'errors', 'stack', 'errorId', 'boundary', 'data', 'message'), anything),
      frozen: fc.boolean(),
    })
    .map(({ message, cause, fields, frozen }) => {
      const error = new Error(message, { cause });
      for (const [key, value] of Object.entries(fields)) {
        try {
          Object.defineProperty(error, key, { value, configurable: true });
        } catch {
          // V8 formats the stack when it is replaced, and some names cannot be text.
        }
      }
      return frozen ? Object.freeze(error) : error;
    }),
);

describe('whatever is thrown, in whatever context', () => {
  it('has an ID whose record is one line of JSON on disk, and an answer without a stack', () => {
    fc.assert(
      fc.property(thrown, fc.dictionary(fc.string(), anything, { maxKeys: 10 }), (error, context) => {
        last = '';
        const { id, journaled } = bind(context as never, () => report(error));
        expect(parseErrorId(id)).toEqual({ ok: true, id });
        expect(journaled).toBe(true);
        if (last === '') return; // the same frozen value again: it has its record
        expect(last).toMatch(/^[^\n\r]+\n$/); // one line, and its end
        expect(last.length).toBeLessThan(300_000);
        const record = parseJournalLine(last);
        if (typeof record === 'string') throw new Error(record);
        expect(record['error.id']).toBe(id);
        expect(completeRecord(record)['sonde.error.fingerprint']).toMatch(/^(v1:[0-9a-f]{16})?$/);
        expect(Object.keys(JSON.parse(JSON.stringify(problem(error))))).toEqual(['type', 'title', 'status', 'detail', 'instance', 'errorId']);
      }),
      { numRuns: 500 },
    );
  });
});
