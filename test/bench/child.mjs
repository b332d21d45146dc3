// One variant of one scenario in a process of its own: `node child.mjs <scenario> <variant>`, told what to do by messages.
import { allocated, calibrate, cpuRound } from './meter.mjs';

const [scenarioName, variantName] = process.argv.slice(2);
const { scenario } = await import(`./scenarios/${scenarioName}.mjs`);
// Set-up is over before anything is measured: it ends with the `ready` message.
const variant = await scenario.variants[variantName]();
let count = 0;

const commands = {
  /** Warms up, decides how many operations make a round. */
  async warm({ ms, smoke }) {
    if (variant.sample) return smoke ? undefined : await variant.sample({ warm: true });
    count = smoke ? 200 : await calibrate(variant, ms);
    return { count };
  },
  async round({ smoke }) {
    return variant.sample ? await variant.sample({ smoke }) : await cpuRound(variant, count);
  },
  async memory() {
    return variant.sample ? undefined : await allocated(variant);
  },
  async end() {
    await variant.end?.();
    process.exit(0);
  },
};

process.on('message', async ({ command, ...options }) => {
  try {
    process.send({ done: await commands[command](options) });
  } catch (error) {
    process.send({ failed: error?.stack ?? String(error) });
  }
});
// Whoever started this process is gone: so is its purpose.
process.on('disconnect', () => process.exit(0));
process.send({ done: 'ready' });
