import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseExposition } from '../../../src/cli/top/exposition.ts';
import { figuresBetween } from '../../../src/cli/top/figures.ts';
import type { Snapshot } from '../../../src/cli/top/snapshot.ts';
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

function snapshot(atMs: number, text: string): Snapshot {
  return { atMs, service: 's', pid: 1, rssBytes: 1e8, heapUsedBytes: 5e7, bottleneck: undefined, samples: parseExposition(text) };
}

const loop = (active: number, idle: number): string =>
  `nodejs_eventloop_time_seconds_total{nodejs_eventloop_state="active"} ${active}\nnodejs_eventloop_time_seconds_total{nodejs_eventloop_state="idle"} ${idle}\n`;
const calls = (name: string, count: number, seconds: number, failed: number): string =>
  `function_calls_duration_seconds_count{function="${name}",module="m"} ${count}\nfunction_calls_duration_seconds_sum{function="${name}",module="m"} ${seconds}\nfunction_calls_total{function="${name}",module="m",result="error"} ${failed}\n`;

describe('figuresBetween', () => {
  it('is what happened between two looks', () => {
    const process = (cpu: number, wait: number, read: number, sent: number): string =>
      `process_cpu_seconds_total ${cpu}\nprocess_runnable_wait_seconds_total ${wait}\nprocess_disk_io_bytes_total{disk_io_direction="read"} ${read}\nprocess_network_io_bytes_total{network_io_direction="transmit"} ${sent}\n`;
    const before = snapshot(1_000, loop(10, 90) + calls('a', 100, 5, 1) + calls('quiet', 9, 9, 9) + process(1, 0, 0, 100));
    const after = snapshot(
      3_000,
      `${loop(11, 91)}${calls('a', 120, 6, 3)}${calls('quiet', 9, 9, 9)}${calls('new', 4, 3, 0)}function_calls_concurrent{function="a"} 2\n${process(2, 0.5, 4_000, 100)}`,
    );
    expect(figuresBetween(before, after)).toMatchObject({
      seconds: 2,
      loopBusy: 0.5,
      cpuCores: 0.5,
      processorWait: 0.25,
      diskRead: 2_000,
      diskWritten: 0,
      networkSent: 0,
      callsUnderWay: 2,
      functions: [
        { name: 'new', callsPerSecond: 2, failuresPerSecond: 0, meanMs: 750, underWay: 1.5 },
        { name: 'a', callsPerSecond: 10, failuresPerSecond: 1, meanMs: 50, underWay: 0.5 },
      ],
    });
  });
});

describe('sonde top', () => {
  it('looks twice and prints the difference', async () => {
    let looks = 0;
    const server = createServer((request, response) => {
      if (request.url?.startsWith('/metrics')) {
        looks++;
        response.end(loop(looks, 10 * looks) + calls('orders.place', looks * 50, looks * 2, 0));
      } else
        response.end(
          JSON.stringify({
            service: 'checkout',
            pid: process.pid,
            rssBytes: 96_600_000,
            heapUsedBytes: 10_100_000,
            bottleneck: { resource: 'network', why: 'it waits' },
          }),
        );
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    onTestFinished(() => void server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { exit, out } = await cli(['top', '--seconds', '1', '--url', url]);
    expect({ exit, looks }).toEqual({ exit: 0, looks: 2 });
    expect(out).toMatch(/^checkout {2}pid \d+, over \d/);
    expect(out).toContain('limited by  network  it waits\n');
    expect(out).toContain('event loop busy 9.1 %');
    expect(out).toContain('rss 96.6 MB, heap 10.1 MB');
    expect(out).toMatch(/CALLS\/S {2}FAILED\/S {2}MEAN {2}UNDER WAY {2}FUNCTION\n +\d+\.\d {9}0 {2}40ms {7}\d\.\d\d {2}orders\.place\n/);
    expect(JSON.parse((await cli(['top', '--seconds', '1', '--json', '--url', url])).out)).toMatchObject({
      service: 'checkout',
      bottleneck: { resource: 'network' },
    });
  });
});
