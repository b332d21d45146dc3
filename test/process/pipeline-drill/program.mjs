// A program of the drill: makes spans in bursts while its telemetry worker is killed, ends in the way that is asked for,
// and says its ledger with the last thing it does. How it goes is told by the scenario on the command line.
import { syncBuiltinESMExports } from 'node:module';
import threads from 'node:worker_threads';
import { randomFrom } from './random.mjs';

const scenario = JSON.parse(process.argv[2]);
const random = randomFrom(scenario.seed);
const workers = [];
threads.Worker = class extends threads.Worker {
  constructor(...args) {
    super(...args);
    workers.push(this);
  }
};
syncBuiltinESMExports();
const { logs, open, spans, tell } = await import('../fixtures/pipeline/program.mjs');
const { beforeEnd } = await import('../../../dist/core/before-end.js');

const pipeline = open({ spool: scenario.spoolBytes ? { maxBytes: scenario.spoolBytes } : {}, exitWithinMs: scenario.exitWithinMs });
const made = { span: 0, log: 0 };
let report;
const say = () => tell({ made, report, ledger: pipeline.ledger() });
process.on('exit', say);
beforeEnd(say); // a signal that ends the process fires no exit event

function burst(count) {
  const lines = Math.ceil(count / 100);
  spans(pipeline, count, scenario.attributes ? { attrs: { 'a.text': 'some text', 'a.number': 12 } } : undefined);
  logs(pipeline, lines);
  made.span += count;
  made.log += lines;
}

const killer = scenario.killEveryMs && setInterval(() => workers.at(-1).threadId !== -1 && void workers.at(-1).terminate(), scenario.killEveryMs);
for (let left = scenario.bursts; left > 0; left--) {
  burst(Math.ceil(random() * scenario.burst));
  await new Promise((resolve) => setTimeout(resolve, random() * scenario.pauseMs));
}
if (scenario.killAtEnd) void workers.at(-1).terminate();
clearInterval(killer || undefined);
burst(scenario.lastBurst);

const shutdown = async () => {
  report = await pipeline.shutdown(scenario.withinMs);
};
const ways = {
  end() {},
  exit: () => process.exit(5),
  shutdown,
  async 'shutdown-then-exit'() {
    void shutdown();
    await new Promise((resolve) => setTimeout(resolve, random() * 50));
    process.exit(5);
  },
  'shutdown-and-exit-at-once'() {
    void shutdown();
    process.exit(5);
  },
  async 'flush-then-exit'() {
    void pipeline.flush(scenario.withinMs);
    await new Promise((resolve) => setTimeout(resolve, random() * 50));
    burst(100);
    process.exit(5);
  },
  uncaught() {
    throw new RangeError('nobody catches this');
  },
  signal() {
    process.kill(process.pid, 'SIGTERM');
    setInterval(() => {}, 1_000);
  },
  handled() {
    process.on('SIGTERM', () => {
      burst(50);
      void shutdown().then(() => process.exit(5));
    });
    process.kill(process.pid, 'SIGTERM');
    setInterval(() => {}, 1_000);
  },
  'signal-while-it-shuts-down'() {
    void shutdown();
    setTimeout(() => process.kill(process.pid, 'SIGTERM'), random() * 30);
    setInterval(() => {}, 1_000);
  },
};
await ways[scenario.ending]();
