import { afterEach, describe, expect, it } from 'vitest';
import { systemClock, useClock } from '../../../src/core/clock.ts';
import { bottleneck } from '../../../src/metrics/bottleneck.ts';
import { clearRegistry } from '../../../src/metrics/registry.ts';
import { renderMetrics } from '../../../src/metrics/render.ts';
import { type ResourceUse, resourceUse } from '../../../src/metrics/resource-use.ts';
import { currentBottleneck, watchBottleneck } from '../../../src/metrics/watch-bottleneck.ts';

const GB = 1e9;
const start: ResourceUse = {
  mono: 0,
  cpuSeconds: 10,
  loopActiveSeconds: 10,
  loopIdleSeconds: 90,
  runnableWaitSeconds: 1,
  gcSeconds: 1,
  heapUsedBytes: GB,
  heapLimitBytes: 4 * GB,
  rssBytes: 2 * GB,
  memoryLimitBytes: 8 * GB,
  diskWaitSeconds: 1,
  diskBytes: 0,
  outgoingSeconds: 100,
};
/** Ten seconds later. */
const later = (changes: Partial<ResourceUse>): ResourceUse => ({ ...start, mono: 10_000, loopActiveSeconds: 12, loopIdleSeconds: 98, ...changes });

describe('bottleneck', () => {
  it.each<[string, Partial<ResourceUse>, string]>([
    ['a quiet process', {}, 'none'],
    ['a busy loop', { loopActiveSeconds: 19, loopIdleSeconds: 91 }, 'cpu'],
    ['a loop just below the point', { loopActiveSeconds: 17.9, loopIdleSeconds: 92.1 }, 'none'],
    ['no processor to be had', { runnableWaitSeconds: 4 }, 'cpu'],
    ['a collector that works much', { gcSeconds: 2.5, loopActiveSeconds: 19.9, loopIdleSeconds: 90.1 }, 'memory'],
    ['a full heap', { heapUsedBytes: 3.7 * GB }, 'memory'],
    ['a full container', { rssBytes: 7.5 * GB }, 'memory'],
    ['threads that wait for a disk', { diskWaitSeconds: 4 }, 'disk'],
    ['an idle loop and calls under way', { outgoingSeconds: 135 }, 'network'],
    ['a busy loop and calls under way', { outgoingSeconds: 135, loopActiveSeconds: 16, loopIdleSeconds: 94 }, 'none'],
    ['a system that does not tell', { runnableWaitSeconds: undefined, diskWaitSeconds: undefined }, 'none'],
  ])('%s: %#', (_what, changes, expected) => {
    expect(bottleneck(start, later(changes)).resource).toBe(expected);
  });

  it('says the figures', () => {
    expect(bottleneck(start, later({ loopActiveSeconds: 19, loopIdleSeconds: 91 }))).toEqual({
      resource: 'cpu',
      why: 'the event loop is busy 90 % of the time and waits 0 % of it for a processor',
      pressure: { cpu: expect.closeTo(1.125), memory: expect.closeTo(0.278, 2), disk: 0, network: 0 },
    });
    expect(bottleneck(start, later({ outgoingSeconds: 135 })).why).toBe('3.5 outgoing calls are under way while the event loop is idle 80 % of the time');
  });

  it('two looks at the same moment are no division by zero', () => {
    expect(bottleneck(start, start)).toMatchObject({ resource: 'none', pressure: { cpu: 0, disk: 0, network: 0 } });
  });
});

describe('the bottleneck of this process', () => {
  let restore = (): void => {};
  afterEach(() => restore());

  it('is looked at, and stays for half a second', async () => {
    clearRegistry();
    let mono = 1_000;
    restore = useClock({ ...systemClock, mono: () => mono });
    const use = resourceUse();
    expect(use.heapLimitBytes).toBeGreaterThan(use.heapUsedBytes);
    expect(use.memoryLimitBytes).toBeGreaterThan(use.rssBytes / 2);
    const stop = watchBottleneck();
    const first = currentBottleneck();
    mono += 400;
    expect(currentBottleneck()).toBe(first);
    mono += 100;
    expect(currentBottleneck()).not.toBe(first);
    const { body } = await renderMetrics(undefined);
    expect(body.match(/^sonde_resource_pressure_ratio\{resource="(\w+)"\} [\d.e-]+$/gm)).toHaveLength(4);
    stop();
  });
});
