import { setTimeout as sleep } from 'node:timers/promises';
import { tryDurationMs } from '../../../core/duration.ts';
import { scrub } from '../../../core/redact-text.ts';
import type { OtlpConfig } from '../../../runtime/config/config.ts';
import { otlpOf } from '../../../runtime/config/otlp.ts';
import { Sources } from '../../../runtime/config/sources.ts';
import type { ReplayTargets } from '../../../stack/replay.ts';
import type { CliContext } from '../../context.ts';
import { wrongUsage } from '../../exit-codes.ts';

const DEFAULT_ENDPOINT = 'http://127.0.0.1:4318';
const EXPECTED = `expected the URL of an OTLP receiver, such as ${DEFAULT_ENDPOINT}`;

/** `sonde stack replay`: sends what the embedded store holds into the stack. */
export async function replayCommand(context: CliContext, options: { readonly to?: string; readonly since?: string }): Promise<void> {
  const targets = targetsOf(context.io.env, options.to);
  const agoMs = options.since === undefined ? Number.POSITIVE_INFINITY : tryDurationMs(options.since);
  if (agoMs === undefined) throw wrongUsage(`Cannot use "${options.since}" as --since: expected how long ago, such as "24h"`);
  const { replay } = await import('../../../stack/replay.ts');
  const { stdout } = context.io;
  const done = await replay(
    context.dir,
    targets,
    Math.max(0, context.io.now() - agoMs),
    ({ span, log, error }) => {
      if (stdout.isTTY && !context.json) stdout.write(`\r${span} spans, ${log} log lines, ${error} errors sent`);
    },
    sleep,
  );
  if (context.json) context.printJson(done);
  else context.print(`${stdout.isTTY ? '\r' : ''}${done.span} spans, ${done.log} log lines and ${done.error} errors sent to ${shownAs(targets)}\n`);
}

/**
 * The receivers that the `OTEL_EXPORTER_OTLP_*` variables name, with the headers and certificates that they set. `--to` is one
 * for both signals; where it is another server than theirs it is not told their headers, for these hold tokens.
 */
function targetsOf(env: CliContext['io']['env'], to: string | undefined): ReplayTargets {
  if (to !== undefined && !isUrl(to)) throw wrongUsage(`Cannot send to --to: ${EXPECTED}`); // not shown: it may hold a password
  const told = toldBy(env) ?? (toldBy({ ...env, OTEL_EXPORTER_OTLP_ENDPOINT: to ?? DEFAULT_ENDPOINT }) as OtlpConfig);
  const target = (signal: 'traces' | 'logs'): ReplayTargets['traces'] => {
    const own = told.bySignal?.[signal];
    const url = to === undefined ? told[`${signal}Url`] : `${to.replace(/\/+$/, '')}/v1/${signal}`;
    const isTold = new URL(told[`${signal}Url`]).origin === new URL(url).origin;
    return { url, headers: isTold ? { ...told.headers, ...own?.headers } : {}, tls: own?.tls ?? told.tls };
  };
  return { traces: target('traces'), logs: target('logs') };
}

function toldBy(env: CliContext['io']['env']): OtlpConfig | undefined {
  const sources = new Sources(undefined, env);
  const told = otlpOf(sources);
  const [problem] = sources.problems;
  if (problem !== undefined) throw wrongUsage(`Cannot send: ${problem}`);
  return told;
}

const isUrl = (text: string): boolean => /^https?:\/\//.test(text) && URL.canParse(text);

function shownAs({ traces, logs }: ReplayTargets): string {
  const places = new Set([traces.url, logs.url].map((url) => scrub(url.replace(/\/v1\/(?:traces|logs)$/, ''))));
  return [...places].join(' and ');
}
