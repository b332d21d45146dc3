import type { CliContext } from '../../context.ts';
import { CliError, EXIT } from '../../exit-codes.ts';
import { table } from '../../output/table.ts';

const SERVERS: readonly { readonly name: string; readonly url: string }[] = [
  { name: 'collector', url: 'http://127.0.0.1:13133/' },
  { name: 'prometheus', url: 'http://127.0.0.1:9090/-/ready' },
  { name: 'loki', url: 'http://127.0.0.1:3100/ready' },
  { name: 'tempo', url: 'http://127.0.0.1:3200/ready' },
  { name: 'alertmanager', url: 'http://127.0.0.1:9093/-/ready' },
  { name: 'grafana', url: 'http://127.0.0.1:3000/api/health' },
];
const LIMIT_MS = 2_000; // a server on this machine answers in milliseconds

/** `sonde stack status`: asks every server whether it is ready; exit code 3 when one is not. */
export async function statusCommand(context: CliContext): Promise<void> {
  const servers = await Promise.all(SERVERS.map(async ({ name, url }) => ({ name, url, ...(await ask(url)) })));
  if (context.json) context.printJson({ servers });
  else {
    const { style } = context;
    context.print(
      table(
        servers.map(({ name, url, ready, reason }) => [
          { text: name, colour: style.bold },
          { text: ready ? 'ready' : reason, colour: ready ? style.faint : style.bad },
          { text: url },
        ]),
        context.tableWidth,
      ),
    );
  }
  const away = servers.filter((server) => !server.ready).map((server) => server.name);
  if (away.length > 0)
    throw new CliError(EXIT.unreachable, 'stack', `Not ready: ${away.join(', ')}; start them with "sonde stack up", see "sonde stack logs ${away[0]}"`);
}

async function ask(url: string): Promise<{ ready: boolean; reason: string }> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(LIMIT_MS) });
    await response.body?.cancel();
    return { ready: response.ok, reason: response.ok ? '' : `HTTP ${response.status}` };
  } catch (error) {
    const cause = (error as { cause?: { code?: string } }).cause?.code;
    return { ready: false, reason: cause ?? (error instanceof Error ? error.name : 'no answer') };
  }
}
