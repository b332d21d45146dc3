import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Journal, openJournal } from '../../../src/errors/journal.ts';
import { abandonedJournals, findInJournals, listJournals, parseJournalLine, readJournal, readJournals } from '../../../src/errors/journal-reader.ts';

let dir: string;
const open: Journal[] = [];
const journal = (options?: Parameters<typeof openJournal>[1]): Journal => {
  const made = openJournal(dir, options);
  open.push(made);
  return made;
};
const line = (id: string, pad = 0): string => JSON.stringify({ timestamp: '2026-11-21T08:00:00.000Z', 'error.id': id, pad: 'x'.repeat(pad) });

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'sonde-journal-'));
});
afterEach(() => {
  for (const made of open.splice(0)) made.close();
  rmSync(dir, { recursive: true, force: true });
});

describe('the journal', () => {
  it('has a line in the file when append returns', () => {
    const it = journal();
    expect(it.append(line('A'))).toBe(true);
    expect(readFileSync(it.path, 'utf8').split('\n')[1]).toBe(line('A'));
    expect(it.appended).toBe(1);
  });

  it('takes lines with their end, of several bytes a character, and longer than its buffer', () => {
    const it = journal();
    const lines = [line('umlaut-äöü-😀'), `${line('ended')}\n`, line('long', 100_000), line('short')];
    for (const one of lines) it.append(one);
    expect(readFileSync(it.path, 'utf8').split('\n').slice(1)).toEqual([...lines.map((one) => one.trimEnd()), '']);
    expect(it.bytes).toBe(statSync(it.path).size);
  });

  it('is named by process and start, and is for its owner only', () => {
    const it = journal();
    expect(it.path).toMatch(new RegExp(`/journal/${process.pid}-\\d+\\.ndjson$`));
    expect(statSync(it.path).mode & 0o077).toBe(0);
  });

  it('keeps two of the same process and millisecond apart', () => {
    const first = journal();
    const second = journal();
    first.append(line('A'));
    second.append(line('B'));
    expect(first.path).not.toBe(second.path);
    expect(
      readJournals(dir)
        .flatMap(({ content }) => content.records.map((r) => r['error.id']))
        .toSorted(),
    ).toEqual(['A', 'B']);
  });

  it('closes a segment by its bytes and reads them all, in order', () => {
    const it = journal({ segmentBytes: 1_000 });
    for (let i = 0; i < 20; i++) it.append(line(`id-${i}`, 200));
    expect(listJournals(dir).length).toBeGreaterThan(3);
    expect(readJournals(dir).flatMap(({ content }) => content.records.map((r) => r['error.id']))).toEqual(Array.from({ length: 20 }, (_, i) => `id-${i}`));
  });

  it('deletes what was stored elsewhere, and nothing else', () => {
    const it = journal({ segmentBytes: 1_000 });
    for (let i = 0; i < 20; i++) it.append(line(`id-${i}`, 200));
    const before = listJournals(dir).length;
    it.acknowledge(10);
    const left = readJournals(dir).flatMap(({ content }) => content.records.map((r) => r['error.id']));
    expect(listJournals(dir).length).toBeLessThan(before);
    expect(left).toEqual(expect.arrayContaining(Array.from({ length: 10 }, (_, i) => `id-${10 + i}`)));
  });

  it('empties the open segment when everything is stored, and goes on in it', () => {
    const it = journal();
    for (let i = 0; i < 100; i++) it.append(line(`id-${i}`, 4_000));
    it.acknowledge(100);
    expect(it.bytes).toBeLessThan(500);
    it.append(line('after'));
    expect(readJournal(it.path).records.map((r) => r['error.id'])).toEqual(['after']);
  });

  it('leaves nothing to be replayed when it is settled, unless something is not stored', () => {
    const it = journal();
    it.append(line('A'));
    it.append(line('B'));
    it.acknowledge(1);
    it.settle();
    expect(readJournal(it.path).records).toHaveLength(2);
    it.acknowledge(2);
    it.settle();
    expect(readJournal(it.path).records).toHaveLength(0);
    it.append(line('C'));
    expect(readJournal(it.path).records.map((r) => r['error.id'])).toEqual(['C']);
  });

  it('refuses what would make it bigger than its bound, says so, and goes on when there is room', () => {
    const it = journal({ segmentBytes: 2_000, maxBytes: 5_000 });
    let accepted = 0;
    while (accepted < 100 && it.append(line('x', 400))) accepted++;
    expect(accepted).toBeGreaterThan(5);
    expect(accepted).toBeLessThan(12);
    expect(it.lastProblem).toMatch(/5000 bytes/);
    it.acknowledge(accepted);
    expect(it.append(line('y'))).toBe(true);
    expect(it.lastProblem).toBeUndefined();
  });

  it('is left behind by close where something is not stored, and deleted where all is', () => {
    const it = journal();
    it.append(line('A'));
    const path = it.path;
    it.close();
    expect(existsSync(path)).toBe(true);
    expect(it.append(line('B'))).toBe(false);
    const other = journal();
    other.append(line('C'));
    other.acknowledge(1);
    const otherPath = other.path;
    other.close();
    expect(existsSync(otherPath)).toBe(false);
  });

  it('answers false, and throws nothing, where the folder cannot be made', () => {
    writeFileSync(join(dir, 'journal'), 'a file in the way');
    const it = journal();
    expect(it.append(line('A'))).toBe(false);
    expect(it.lastProblem).toMatch(/EEXIST|ENOTDIR/);
    expect(readdirSync(dir)).toEqual(['journal']);
  });
});

describe('reading journals', () => {
  it('counts what is no record: the torn last line of a killed process', () => {
    const it = journal();
    it.append(line('A'));
    writeFileSync(it.path, `${readFileSync(it.path, 'utf8')}{"timestamp":"2026-11-2`);
    expect(readJournal(it.path)).toMatchObject({ records: [{ 'error.id': 'A' }], unreadable: 1 });
  });

  it('finds one ID, the last record of it', () => {
    const it = journal();
    it.append(line('A'));
    it.append(line('B'));
    it.append(JSON.stringify({ timestamp: '2026-11-21T08:00:01.000Z', 'error.id': 'A', message: 'more' }));
    expect(findInJournals(dir, 'A')).toMatchObject({ message: 'more' });
    expect(findInJournals(dir, 'C')).toBeUndefined();
  });

  it('reads lines longer than a chunk and over chunk borders', () => {
    const it = journal();
    it.append(line('big', 1_500_000));
    it.append(line('umlaut-äöü'));
    expect(readJournal(it.path).records.map((r) => r['error.id'])).toEqual(['big', 'umlaut-äöü']);
  });

  it('is empty where there is nothing', () => {
    expect(listJournals(join(dir, 'none'))).toEqual([]);
    expect(readJournal(join(dir, 'none.ndjson'))).toEqual({ records: [], unreadable: 0 });
  });

  it.each([
    ['{"error.id":"A"}', 'broken'],
    ['null', 'broken'],
    ['[1]', 'broken'],
    ['{"journal":1,"pid":1}', 'header'],
    ['not json', 'broken'],
  ])('takes %s for no record', (text, what) => {
    expect(parseJournalLine(text)).toBe(what);
  });

  it('calls a journal abandoned when its process is gone, never its own or a running one', () => {
    const own = journal();
    own.append(line('own'));
    writeFileSync(join(dir, 'journal', '4194000-1.ndjson'), `${line('dead')}\n`); // above the highest process ID of Linux
    writeFileSync(join(dir, 'journal', `${process.ppid}-${Date.now()}.ndjson`), `${line('living')}\n`);
    const found = abandonedJournals(dir, [own.path]).map((file) => file.pid);
    expect(found).toEqual([4_194_000]);
  });

  it('tells a process from the one that has its number now, and a machine from the time before it was started again', () => {
    const header = JSON.parse(readFileSync(journal().path, 'utf8').split('\n')[0] as string);
    const put = (name: string, change: object): string => {
      const path = join(dir, 'journal', name);
      writeFileSync(path, `${JSON.stringify({ ...header, ...change })}\n${line('x')}\n`);
      return path;
    };
    const same = put(`${process.pid}-1.ndjson`, {});
    const otherProcess = put(`${process.pid}-2.ndjson`, { ticks: '1' });
    const otherBoot = put(`${process.pid}-3.ndjson`, { boot: 'another' });
    const found = abandonedJournals(dir).map((file) => file.path);
    expect(found).not.toContain(same);
    expect(found).toEqual(expect.arrayContaining([otherProcess, otherBoot]));
  });

  it("leaves another host's journal alone while it is young", () => {
    journal();
    const path = join(dir, 'journal', '4194000-5.ndjson');
    writeFileSync(path, `${JSON.stringify({ journal: 1, pid: 1, host: 'some-other-host' })}\n${line('elsewhere')}\n`);
    expect(abandonedJournals(dir).map((file) => file.path)).not.toContain(path);
    expect(abandonedJournals(dir, [], Date.now() + 7_200_000).map((file) => file.path)).toContain(path);
  });
});
