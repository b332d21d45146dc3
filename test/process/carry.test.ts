import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

interface Span {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly attributes: Record<string, unknown>;
}

it('a trace goes on in a worker thread, a forked process and a cluster worker', async () => {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--no-warnings', new URL('fixtures/carry/main.mjs', import.meta.url).pathname]);
  expect(stderr).toBe('');
  const spans = JSON.parse(stdout) as Span[];
  const handed = spans.filter(({ name }) => name === 'hand.over');
  expect(handed).toHaveLength(3);
  for (const [i, name] of ['work.thread', 'work.fork', 'work.cluster'].entries()) {
    expect(spans.find((span) => span.name === name)).toMatchObject({
      traceId: handed[i]?.traceId,
      parentSpanId: handed[i]?.spanId,
      attributes: { 'request.id': 'r1' },
    });
  }
});
