import { type Bottleneck, bottleneck, RESOURCES } from './bottleneck.ts';
import { defineReading, type Reading } from './registry.ts';
import { type ResourceUse, resourceUse } from './resource-use.ts';

/** Looks nearer together than this are noise: the clock ticks of the system are 10 ms. */
const MIN_LOOK_MS = 500;

let former: ResourceUse | undefined;
let verdict: Bottleneck | undefined;

/** What limits the process, since it was last asked (half a second ago or more). */
export function currentBottleneck(): Bottleneck {
  const now = resourceUse();
  former ??= now;
  if (verdict === undefined || now.mono - former.mono >= MIN_LOOK_MS) {
    verdict = bottleneck(former, now);
    former = now;
  }
  return verdict;
}

/** Shows how near each resource is to limiting the process; 1 is the point from which it does. Returns what ends it. */
export function watchBottleneck(): () => void {
  former = resourceUse();
  verdict = undefined;
  const stop = defineReading(
    {
      type: 'gauge',
      name: 'sonde_resource_pressure_ratio',
      help: 'How near a resource is to limiting the process since the last scrape: from 1 it does',
      labels: ['resource'],
    },
    (): Reading[] => {
      const { pressure } = currentBottleneck();
      return RESOURCES.map((resource) => ({ labels: { resource }, value: pressure[resource] }));
    },
  );
  return () => {
    stop();
    former = undefined;
    verdict = undefined;
  };
}
