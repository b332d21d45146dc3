import { setTimeout as sleep } from 'node:timers/promises';
import { tryDurationMs } from '../../../core/duration.ts';
import { scrub } from '../../../core/redact-text.ts';
import type { CliContext } from '../../context.ts';
import { wrongUsage } from '../../exit-codes.ts';

const DEFAULT_ENDPOINT = 'http://127.0.0.1:4318';

/** `sonde stack replay`: sends what the embedded store holds into the stack. */
export async function replayCommand(context: CliContext, options: { readonly to?: string; readonly since?: string }): Promise<void> {
  const endpoint = options.to ?? context.io.env.OTEL_EXPORTER_OTLP_ENDPOINT ?? DEFAULT_ENDPOINT;
  if (!/^https?:\/\//.test(endpoint) || !URL.canParse(endpoint))
    throw wrongUsage(
      `Cannot send to ${options.to === undefined ? 'OTEL_EXPORTER_OTLP_ENDPOINT' : '--to'}: expected the URL of an OTLP receiver, such as ${DEFAULT_ENDPOINT}`, // not shown: it may hold a password
    );
  const agoMs = options.since === undefined ? Number.POSITIVE_INFINITY : tryDurationMs(options.since);
  if (agoMs === undefined) throw wrongUsage(`Cannot use "${options.since}" as --since: expected how long ago, such as "24h"`);
  const { replay } = await import('../../../stack/replay.ts');
  const { stdout } = context.io;
  const done = await replay(
    context.dir,
    endpoint,
    Math.max(0, context.io.now() - agoMs),
    ({ span, log, error }) => {
      if (stdout.isTTY && !context.json) stdout.write(`\r${span} spans, ${log} log lines, ${error} errors sent`);
    },
    sleep,
  );
  if (context.json) context.printJson(done);
  else context.print(`${stdout.isTTY ? '\r' : ''}${done.span} spans, ${done.log} log lines and ${done.error} errors sent to ${scrub(endpoint)}\n`);
}
