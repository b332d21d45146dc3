import { expect, it } from 'vitest';
import { storeFailure } from '../../../src/store/failure.ts';

it.each([
  ['ENOTDIR', 'Cannot write "/a/store": the folder cannot be written; make it writable or set SONDE_DIR (it failed)'],
  ['EACCES', 'Cannot write "/a/store": the folder cannot be written; make it writable or set SONDE_DIR (it failed)'],
  ['ENOSPC', 'Cannot write "/a/store": the disk is full; free some space or lower the retention (it failed)'],
])('%s says what to do', (code, line) => {
  expect(storeFailure('write', '/a/store', Object.assign(new Error('it failed'), { code })).message).toBe(line);
});
