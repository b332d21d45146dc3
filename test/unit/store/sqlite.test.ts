import { describe, expect, it, onTestFinished } from 'vitest';
import { failureKind, storeFailure } from '../../../src/store/failure.ts';
import { openDatabase } from '../../../src/store/sqlite.ts';

describe('openDatabase', () => {
  it('keeps the warning about SQLite to itself, and no other', async () => {
    const warnings: string[] = [];
    const listen = (warning: Error): void => void warnings.push(`${warning.name}: ${warning.message}`);
    process.on('warning', listen);
    onTestFinished(() => void process.off('warning', listen));
    const emit = process.emitWarning;
    openDatabase(':memory:', { readOnly: false, busyMs: 1 }).close();
    expect(process.emitWarning).toBe(emit);
    process.emitWarning('a feature of another package', 'ExperimentalWarning');
    await new Promise((done) => setImmediate(done));
    expect(warnings).toEqual(['ExperimentalWarning: a feature of another package']);
  });
});

describe('storeFailure', () => {
  it.each<[Record<string, unknown>, string, string | undefined]>([
    [{ errcode: 5 }, 'database is locked', 'busy'],
    [{ errcode: 261 }, 'recovery', 'busy'],
    [{ errcode: 11 }, 'malformed', 'corrupt'],
    [{ errcode: 26 }, 'not a database', 'corrupt'],
    [{ errcode: 13 }, 'full', 'full'],
    [{ errcode: 778 }, 'disk I/O error', 'full'],
    [{ errcode: 4874 }, 'disk I/O error', 'full'],
    [{ errcode: 266 }, 'disk I/O error', 'io'],
    [{ errcode: 8 }, 'readonly', 'read_only'],
    [{ errcode: 14 }, 'unable to open', 'read_only'],
    [{ code: 'ENOSPC' }, 'no space', 'full'],
    [{ code: 'EROFS' }, 'read-only', 'read_only'],
    [{ code: 'ENOENT' }, 'no such file', 'missing'],
    [{ code: 'EMFILE' }, 'too many files', 'io'],
    [{}, 'database disk image is malformed', 'corrupt'],
    [{ errcode: 18 }, 'string or blob too big', undefined],
    [{ errcode: 2067 }, 'UNIQUE constraint failed', undefined],
    [{ code: 'ERR_INVALID_ARG_TYPE' }, 'cannot be bound', undefined],
    [{}, 'Converting circular structure to JSON', undefined],
  ])('%j, %s: %s', (fields, message, kind) => {
    const error = Object.assign(new Error(message), fields);
    expect(failureKind(error)).toBe(kind);
    const failure = storeFailure('write', '/s/store/d.db', error);
    expect(failure).toMatchObject({ name: 'StoreError', code: kind ?? 'io', cause: error });
    expect(failure.message).toMatch(/^Cannot write "\/s\/store\/d\.db": [^\n]+ \(.+\)$/);
  });
});
