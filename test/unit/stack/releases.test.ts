import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { releasesInLoki } from '../../../src/stack/lookup/releases.ts';

const HOUR = 3_600_000_000_000n;
const START = 1_795_000_000_000_000_000n;
let server: Server | undefined;
afterEach(() => void server?.close());

/** A Loki that has a line of each minute, of the release that `at` says; it counts what it was asked. */
async function lokiWith(at: (hour: number) => string): Promise<{ url: string; asked: { lines: number; limits: Set<string> } }> {
  const asked = { lines: 0, limits: new Set<string>() };
  const running = createServer((req, res) => {
    const query = new URL(req.url ?? '', 'http://loki').searchParams;
    const minute = 60_000_000_000n;
    const [start, end] = [BigInt(query.get('start') as string), BigInt(query.get('end') as string)];
    const timeNs = query.get('direction') === 'forward' ? ((start + minute - 1n) / minute) * minute : ((end - 1n) / minute) * minute;
    asked.lines++;
    asked.limits.add(query.get('limit') as string);
    const inRange = timeNs >= start && timeNs < end;
    const stream = { service_name: 'checkout', service_version: at(Number((timeNs - START) / HOUR)) };
    res.end(JSON.stringify({ data: { result: inRange ? [{ stream, values: [[String(timeNs), 'line']] }] : [] } }));
  });
  server = running;
  await new Promise<void>((resolve) => running.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(running.address() as AddressInfo).port}`, asked };
}

const range = { startNs: START, endNs: START + 168n * HOUR };
const seen = (release: string, hour: bigint) => ({ service: 'checkout', release, timeNs: START + hour * HOUR });

it('finds releases that never failed, in the order in which they came, by single lines', async () => {
  const { url, asked } = await lokiWith((hour) => (hour < 40 ? '1' : hour < 41 ? '2' : hour < 150 ? '3' : '4'));
  const { order, isWhole } = await releasesInLoki({ name: 'Loki', url }, [seen('1', 3n), seen('4', 160n)], range);
  expect(order).toEqual(new Map([['checkout', ['1', '2', '3', '4']]]));
  expect(isWhole).toBe(true);
  expect([...asked.limits]).toEqual(['1']);
  expect(asked.lines).toBeLessThan(100);
});

it('takes a release that came and went from its errors', async () => {
  const { url } = await lokiWith((hour) => (hour < 40 || hour > 41 ? '1' : '2'));
  const { order } = await releasesInLoki({ name: 'Loki', url }, [seen('1', 3n), seen('2', 40n)], range);
  expect(order).toEqual(new Map([['checkout', ['1', '2']]]));
});

it('stops where there are more releases than it may look for, and says so', async () => {
  const { url, asked } = await lokiWith((hour) => String(hour));
  const { isWhole } = await releasesInLoki({ name: 'Loki', url }, [seen('1', 3n)], range);
  expect(isWhole).toBe(false);
  expect(asked.lines).toBe(400);
});
