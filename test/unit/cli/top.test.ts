import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { verdictOf } from '../../../src/cli/top/bottleneck.ts';
import { parseExposition } from '../../../src/cli/top/exposition.ts';
import { type Figures, figuresBetween } from '../../../src/cli/top/figures.ts';
import { readSystem, type Snapshot } from '../../../src/cli/top/snapshot.ts';
import { cli } from './run-cli.ts';

describe('parseExposition', () => {
  it('reads names, labels with escapes, and values; leaves the rest', () => {
    const text = [
      '# HELP a_total Things',
      '# TYPE a_total counter',
      'a_total 3',
      'b{x="1",y="a \\"b\\" \\\\ \\n } c"} -4.5e-1 1700000000',
      'c_bucket{le="+Inf"} +Inf # {trace_id="abc"} 0.5 1700000000.0',
      'not a line',
      '# EOF',
    ].join('\n');
    expect(parseExposition(text)).toEqual([
      { name: 'a_total', labels: {}, value: 3 },
      { name: 'b', labels: { x: '1', y: 'a "b" \\ \n } c' }, value: -0.45 },
      { name: 'c_bucket', labels: { le: '+Inf' }, value: Infinity },
    ]);
  });
});

function snapshot(atMs: number, text: string, system?: Snapshot['system']): Snapshot {
  return { atMs, service: 's', pid: 1, rssBytes: 1e8, heapUsedBytes: 5e7, samples: parseExposition(text), system };
}

const loop = (active: number, idle: number): string =>
  `nodejs_eventloop_time_seconds_total{nodejs_eventloop_state="active"} ${active}\nnodejs_eventloop_time_seconds_total{nodejs_eventloop_state="idle"} ${idle}\n`;
const calls = (name: string, count: number, seconds: number, failed: number): string =>
  `function_calls_duration_seconds_count{function="${name}",module="m"} ${count}\nfunction_calls_duration_seconds_sum{function="${name}",module="m"} ${seconds}\nfunction_calls_total{function="${name}",module="m",result="error"} ${failed}\n`;

describe('figuresBetween', () => {
  it('is what happened between two looks', () => {
    const before = snapshot(1_000, loop(10, 90) + calls('a', 100, 5, 1) + calls('quiet', 9, 9, 9), {
      cpuSeconds: 1,
      blockedSeconds: 0,
      readBytes: 0,
      writtenBytes: 100,
    });
    const after = snapshot(
      3_000,
      `${loop(11, 91)}${calls('a', 120, 6, 3)}${calls('quiet', 9, 9, 9)}${calls('new', 4, 3, 0)}function_calls_concurrent{function="a"} 2\n`,
      {
        cpuSeconds: 2,
        blockedSeconds: 0.5,
        readBytes: 4_000,
        writtenBytes: 100,
      },
    );
    expect(figuresBetween(before, after)).toMatchObject({
      seconds: 2,
      loopBusy: 0.5,
      cpuCores: 0.5,
      diskWait: 0.25,
      readBytesPerSecond: 2_000,
      writtenBytesPerSecond: 0,
      callsUnderWay: 2,
      functions: [
        { name: 'new', callsPerSecond: 2, failuresPerSecond: 0, meanMs: 750, underWay: 1.5 },
        { name: 'a', callsPerSecond: 10, failuresPerSecond: 1, meanMs: 50, underWay: 0.5 },
      ],
    });
  });
});

describe('verdictOf', () => {
  const idle: Figures = {
    service: 's',
    pid: 1,
    seconds: 2,
    loopBusy: 0.1,
    loopDelayP99Ms: 10,
    gcShare: 0,
    cpuCores: 0.1,
    diskWait: 0,
    readBytesPerSecond: 0,
    writtenBytesPerSecond: 0,
    rssBytes: 1,
    heapUsedBytes: 1,
    callsUnderWay: 0,
    functions: [],
  };
  const slow = { name: 'db.query', callsPerSecond: 10, failuresPerSecond: 0, meanMs: 300, underWay: 3 };
  it.each<[string, Partial<Figures>, string]>([
    ['nothing to do', {}, 'none'],
    ['a busy loop', { loopBusy: 0.93 }, 'cpu'],
    ['a busy loop with calls under way', { loopBusy: 0.93, functions: [slow] }, 'cpu'],
    ['a full heap, which keeps the loop busy', { loopBusy: 0.95, gcShare: 0.4 }, 'memory'],
    ['waiting for the disk', { diskWait: 0.5, functions: [slow] }, 'disk'],
    ['calls under way in an idle loop', { functions: [slow] }, 'waiting'],
    ['a system that does not tell', { diskWait: undefined, cpuCores: undefined }, 'none'],
  ])('%s', (_name, over, bottleneck) => {
    expect(verdictOf({ ...idle, ...over }).bottleneck).toBe(bottleneck);
  });

  it('says the figures', () => {
    expect(verdictOf({ ...idle, functions: [slow] }).why).toBe(
      'the loop is idle 90 % of the time while 3.0 calls of db.query are under way: the time goes to what it calls',
    );
  });
});

describe('sonde top', () => {
  it('looks twice and prints the difference', async () => {
    let looks = 0;
    const server = createServer((request, response) => {
      if (request.url?.startsWith('/metrics')) {
        looks++;
        response.end(loop(looks, 10 * looks) + calls('orders.place', looks * 50, looks * 2, 0));
      } else response.end(JSON.stringify({ service: 'checkout', pid: process.pid, rssBytes: 96_600_000, heapUsedBytes: 10_100_000 }));
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    onTestFinished(() => void server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { exit, out } = await cli(['top', '--seconds', '1', '--url', url]);
    expect({ exit, looks }).toEqual({ exit: 0, looks: 2 });
    expect(out).toMatch(/^checkout {2}pid \d+, over 1/);
    expect(out).toContain('event loop busy 9.1 %');
    expect(out).toContain('rss 96.6 MB, heap 10.1 MB');
    expect(out).toMatch(/CALLS\/S {2}FAILED\/S {2}MEAN {2}UNDER WAY {2}FUNCTION\n +4\d\.\d {9}0 {2}40ms {7}1\.\d\d {2}orders\.place\n/);
    expect(JSON.parse((await cli(['top', '--seconds', '1', '--json', '--url', url])).out)).toMatchObject({
      service: 'checkout',
      verdict: { bottleneck: 'waiting' },
    });
  });

  it('asks the system about a process of this machine', () => {
    const system = readSystem(process.pid);
    if (process.platform === 'linux') expect(system?.cpuSeconds).toBeGreaterThan(0);
    else expect(system).toBeUndefined();
    expect(readSystem(4_194_304)).toBeUndefined();
  });
});
