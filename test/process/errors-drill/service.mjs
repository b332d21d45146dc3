// The service of the drill: every request fails, in one of several ways, some layers down.

import { createServer } from 'node:http';
import { createRequire, syncBuiltinESMExports } from 'node:module';

const require = createRequire(import.meta.url);

// The drill sets the clock back and breaks the worker thread; both have to be within reach before the product is loaded.
let offsetMs = 0;
const realNow = Date.now;
Date.now = () => realNow() + offsetMs;
const threads = require('node:worker_threads');
threads.Worker = class extends threads.Worker {
  constructor(file, options) {
    super(file, { ...options, execArgv: [...process.execArgv, '--import', new URL('break-worker.mjs', import.meta.url).href] });
  }
};
const orders = new threads.BroadcastChannel('errors-drill');
orders.unref();
syncBuiltinESMExports();

const { bind, defineError, report, sendProblem, start, traced } = await import('sonde');

const sonde = await start({ service: 'drill', dir: process.env.DRILL_DIR, logs: { level: 'fatal' } });
const Declined = defineError('drill/declined', { status: 402, public: 'Your card was declined.' });

const query = traced('drill.query', async (what) => {
  await new Promise((resolve) => setTimeout(resolve, 1));
  switch (what) {
    case 'known':
      throw new Declined(`Cannot charge for ${what}`);
    case 'string':
      throw `a text was thrown for ${what}`;
    case 'frozen':
      throw Object.freeze(new TypeError('frozen'));
    case 'aggregate':
      throw new AggregateError([new Error('first'), new RangeError('second')], 'both failed');
    default:
      throw new Error(`no answer to ${what}`);
  }
});
const load = traced('drill.load', async (what) => {
  try {
    await query(what);
  } catch (error) {
    if (what === 'reported') report(error); // an inner layer reports, an outer one wraps
    throw what === 'wrapped' || what === 'reported' ? new Error(`cannot load ${what}`, { cause: error }) : error;
  }
});

const server = createServer((req, res) => {
  const [, what, n] = req.url.split('/');
  bind({ 'request.n': Number(n) });
  load(what).catch((error) => sendProblem(req, res, error));
});
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));

process.on('message', async (message) => {
  if (message.clock !== undefined) offsetMs = message.clock;
  if (message.breakWorker) orders.postMessage('now');
  if (message.stop) {
    server.close();
    server.closeAllConnections();
    const { lost } = await sonde.shutdown({ within: '150s' });
    process.send({ lost });
    process.disconnect();
  }
});
