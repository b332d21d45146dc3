import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { countingReceiver, run, temporaryFolder } from './pipeline-rig.ts';

let receiver: Awaited<ReturnType<typeof countingReceiver>>;
const folder = temporaryFolder();
beforeAll(async () => {
  receiver = await countingReceiver();
});
afterEach(() => receiver.reset());
afterAll(async () => {
  await receiver.close();
  folder.remove();
});

describe('a program that called start() and ends', () => {
  it.each([
    // How it ends; its error records: one is reported, a crash is another.
    ['end', 0, null, 1],
    ['exit', 4, null, 1],
    ['uncaught', 1, null, 2],
    ['rejection', 1, null, 2],
    ['signal', null, 'SIGTERM', 1],
  ] as const)('%s: every span, line and error record arrives, once', async (way, code, signal, errors) => {
    const ending = await run('started.mjs', [way], { PIPELINE_URL: receiver.url, PIPELINE_DIR: folder.path });
    expect(ending).toMatchObject({ code, signal });
    expect(receiver.counts).toMatchObject({ span: 100, log: 10 + errors });
    expect(receiver.counts.metric).toBeGreaterThan(10); // pushed once, at the end: the next push is a minute away
    const left = readdirSync(join(folder.path, 'journal')).map((name) => readFileSync(join(folder.path, 'journal', name), 'utf8'));
    expect(left.filter((text) => text.includes('error.id'))).toEqual([]);
  });
});
