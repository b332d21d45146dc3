import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock, useClock } from '../../../src/core/clock.ts';
import { useDiagWriter } from '../../../src/core/diag.ts';
import { type Destination, openDestination } from '../../../src/logs/destination.ts';

let dir = '';
let restore: (() => void)[] = [];
let retry: (() => void) | undefined;
let destination: Destination;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'sonde-'));
  retry = undefined;
  restore = [
    useDiagWriter(() => {}),
    useClock({
      ...systemClock,
      setTimeout(fn) {
        retry = fn;
        return 1;
      },
      clearTimeout() {},
    }),
  ];
});
afterEach(() => {
  destination.close();
  for (const undo of restore) undo();
  rmSync(dir, { recursive: true });
});

/** A named pipe: both ends are ours, so that the reader can be slow. */
function pipe(): { reader: number; writer: number } {
  const path = join(dir, 'fifo');
  execFileSync('mkfifo', [path]);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return { reader, writer: openSync(path, constants.O_WRONLY) }; // blocking, as standard output is
}

function readAll(fd: number): string {
  const chunks: Buffer[] = [];
  for (;;) {
    const chunk = Buffer.alloc(1 << 20);
    let bytes = 0;
    try {
      bytes = readSync(fd, chunk);
    } catch {
      // EAGAIN: it is empty
    }
    if (bytes === 0) return Buffer.concat(chunks).toString();
    chunks.push(chunk.subarray(0, bytes));
  }
}

describe('openDestination', () => {
  it('writes to a file at once', () => {
    const path = join(dir, 'log');
    const fd = openSync(path, 'w');
    restore.push(() => closeSync(fd));
    destination = openDestination(fd);
    destination.write('ä line\n');
    expect(readFileSync(path, 'utf8')).toBe('ä line\n');
    expect(destination.counts).toEqual({ written: 1, dropped: 0, pending: 0 });
  });

  it('holds lines while a reader is slow, tears none, and writes them in order when it reads', () => {
    const { reader, writer } = pipe();
    destination = openDestination(writer);
    const lines = Array.from({ length: 300 }, (_, i) => `${i}:${'ü'.repeat(1_000)}\n`);
    for (const line of lines) destination.write(line);
    expect(destination.counts.pending).toBeGreaterThan(200);
    expect(destination.counts.dropped).toBe(0);
    let read = '';
    for (let i = 0; i < 100 && destination.counts.pending > 0; i++) {
      read += readAll(reader);
      retry?.();
    }
    read += readAll(reader);
    expect(read).toBe(lines.join(''));
    expect(destination.counts).toEqual({ written: 300, dropped: 0, pending: 0 });
    closeSync(reader);
    closeSync(writer);
  });

  it('drops and counts what is over the bound', () => {
    const { reader, writer } = pipe();
    destination = openDestination(writer);
    const line = `${'x'.repeat(99_999)}\n`;
    for (let i = 0; i < 100; i++) destination.write(line);
    const { written, dropped, pending } = destination.counts;
    expect(written + dropped + pending).toBe(100);
    expect(dropped).toBeGreaterThan(50);
    let read = '';
    for (let i = 0; i < 1_000 && destination.counts.pending > 0; i++) {
      read += readAll(reader);
      retry?.();
    }
    read += readAll(reader);
    expect(
      read
        .split('\n')
        .slice(0, -1)
        .every((l) => l.length === 99_999),
    ).toBe(true); // no torn line
    closeSync(reader);
    closeSync(writer);
  });

  it('counts and does not throw when the reader is gone', () => {
    const { reader, writer } = pipe();
    destination = openDestination(writer);
    closeSync(reader);
    destination.write('a\n');
    destination.write('b\n');
    expect(destination.counts).toEqual({ written: 0, dropped: 2, pending: 0 });
    closeSync(writer);
  });

  it('tries again after a full disk, and a torn line spoils no other', () => {
    const file: string[] = [];
    let room = 1_500;
    const fd = openSync(join(dir, 'log'), 'w');
    destination = openDestination(fd, (_fd, data) => {
      const bytes = Buffer.from(data);
      if (room === 0) throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
      const taken = bytes.subarray(0, room);
      room -= taken.length;
      file.push(taken.toString());
      return taken.length;
    });
    const line = (name: string): string => `${name.repeat(1_999)}\n`;
    destination.write(line('a')); // begun; its rest finds no room
    retry?.();
    destination.write(line('b'));
    room = 10_000;
    destination.write(line('c'));
    destination.write(line('d'));
    expect(file.join('').split('\n')).toEqual(['a'.repeat(1_500), 'c'.repeat(1_999), 'd'.repeat(1_999), '']);
    expect(destination.counts).toEqual({ written: 2, dropped: 2, pending: 0 });
    closeSync(fd);
  });

  it('waits for a slow reader at the end, but not for ever', () => {
    const { reader, writer } = pipe();
    destination = openDestination(writer);
    for (let i = 0; i < 300; i++) destination.write(`${'x'.repeat(999)}\n`);
    destination.flushSync(20);
    expect(destination.counts.pending).toBeGreaterThan(0);
    closeSync(reader);
    closeSync(writer);
  });

  it.each([
    ['as long as a reader takes a line now and then', 400, 10, 4_000],
    ['no more than five times the limit', 900, 5, 5_100],
    ['the limit where a reader takes nothing', Number.POSITIVE_INFINITY, 0, 1_100],
  ])('waits at the end: %s', (_what, everyMs, written, untilMono) => {
    let mono = 0;
    const fd = openSync(join(dir, 'log'), 'w');
    restore.push(useClock({ ...systemClock, mono: () => mono, setTimeout: () => 1, clearTimeout() {} }));
    let takes = everyMs;
    destination = openDestination(fd, (_fd, data) => {
      if (mono < takes) {
        mono += 100;
        throw Object.assign(new Error('full'), { code: 'EAGAIN' });
      }
      takes += everyMs;
      return Buffer.byteLength(data);
    });
    for (let i = 0; i < 10; i++) destination.write(`${i}\n`);
    destination.flushSync(1_000);
    expect(destination.counts).toEqual({ written, dropped: 0, pending: 10 - written });
    expect(mono).toBe(untilMono);
    closeSync(fd);
  });
});
