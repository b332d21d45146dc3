import { watched } from '../peers/watched.mjs';
import { work, workAsync } from '../peers/work.mjs';

const ROOM = { max: 10, queue: 1_000 };

/** So many calls at once; one operation is all of them. */
const together = (count, call) => () => Promise.all(Array.from({ length: count }, (_, i) => call(i)));
const cockatiel = async () => {
  const policy = (await import('cockatiel')).bulkhead(ROOM.max, ROOM.queue);
  return (i) => policy.execute(() => workAsync(i));
};

export const scenario = {
  title: 'A call through a bulkhead that has room, and a hundred at once through ten places',
  targets: [{ variant: 'sonde', atMost: { 20: 1, 24: 1 } }],
  reference: 'cockatiel',
  variants: {
    'no bulkhead': watched(() => workAsync),
    sonde: watched(({ bulkhead }) => bulkhead(ROOM, workAsync)),
    'sonde, synchronous': watched(({ bulkhead }) => bulkhead(ROOM, work)),
    cockatiel: watched(cockatiel),
    'no bulkhead, 100 at once': watched(() => together(100, workAsync)),
    'sonde, 100 at once': watched(({ bulkhead }) => together(100, bulkhead(ROOM, workAsync))),
    'cockatiel, 100 at once': watched(async () => together(100, await cockatiel())),
  },
};
