import autocannon from 'autocannon';

const [url, seconds, connections, perSecond] = process.argv.slice(2);
const rate = Number(perSecond) > 0 ? { overallRate: Number(perSecond) } : {};
const result = await autocannon({ url, connections: Number(connections), duration: Number(seconds), ...rate });
process.send({
  requests: result.requests.total,
  seconds: result.duration,
  p50: result.latency.p50,
  p99: result.latency.p99,
  errors: result.errors + result.non2xx,
});
