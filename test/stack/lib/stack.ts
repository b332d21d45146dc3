import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePorts } from '../../free-ports.ts';
import { composeCommand } from './compose.ts';
import { StackServer } from './process.ts';

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** An alert as Alertmanager's webhook sends it. */
export interface Notified {
  /** The contact point: `page`, `ticket` or `chat`. */
  readonly to: string;
  readonly status: 'firing' | 'resolved';
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** The real servers, with the configuration that ships, on free ports of loopback. */
export interface Stack {
  readonly collector: StackServer;
  readonly prometheus: StackServer;
  readonly loki: StackServer;
  readonly alertmanager: StackServer;
  readonly tempo: StackServer | undefined;
  readonly otlpUrl: string;
  readonly prometheusUrl: string;
  readonly lokiUrl: string;
  readonly tempoUrl: string;
  readonly alertmanagerUrl: string;
  /** Every alert that reached the webhook, oldest first. */
  readonly notified: Notified[];
  readonly dir: string;
  stop(): Promise<void>;
}

export interface StackOptions {
  /** Folder of the collector's queue; in the stack's own folder by default. */
  readonly queueDir?: string;
  /** Size of each of its queues; 256 MiB by default. */
  readonly queueBytes?: number;
}

const ATTEMPTS = 3; // a port that was free a moment ago may be taken by somebody else on this machine

export async function startStack(paths: Readonly<Record<string, string>>, options: StackOptions = {}): Promise<Stack> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await startServers(paths, options);
    } catch (error) {
      if (attempt === ATTEMPTS || !/address already in use/.test(String(error))) throw error;
    }
  }
}

async function startServers(paths: Readonly<Record<string, string>>, options: StackOptions): Promise<Stack> {
  const dir = mkdtempSync(join(tmpdir(), 'sonde-stack-'));
  const [otlp, grpc, health, prom, loki, lokiGrpc, alert, hook, tempo, tempoGrpc, tempoOtlp] = (await freePorts(11)) as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const url = (port: number): string => `http://127.0.0.1:${port}`;
  const notified: Notified[] = [];
  const webhook = await receive(hook, notified);

  const servers = {
    prometheus: prometheusServer(paths.prometheus as string, dir, prom, { alertmanager: alert, loki, tempo }),
    loki: new StackServer(
      'loki',
      paths.loki as string,
      [
        ...composeCommand('loki', { '/etc/loki/loki.yaml': join(ROOT, 'collector/loki/loki.yaml') }),
        '-ruler.evaluation-interval=5s',
        '-server.http-listen-address=127.0.0.1',
        '-server.grpc-listen-address=127.0.0.1',
        '-memberlist.bind-addr=127.0.0.1',
      ],
      `${url(loki)}/ready`,
      {
        LOKI_ADDRESS: '127.0.0.1',
        LOKI_PORT: String(loki),
        LOKI_GRPC_PORT: String(lokiGrpc),
        LOKI_DATA: join(dir, 'loki'),
        LOKI_RULES: join(ROOT, 'collector/loki/rules'),
        ALERTMANAGER_URL: url(alert),
      },
    ),
    alertmanager: alertmanagerServer(paths.alertmanager as string, dir, alert, url(hook)),
    collector: new StackServer(
      'collector',
      paths.otelcol as string,
      composeCommand('collector', { '/etc/otelcol/config.yaml': join(ROOT, 'collector/config.yaml') }),
      url(health),
      {
        OTELCOL_HEALTH: `127.0.0.1:${health}`,
        OTELCOL_GRPC: `127.0.0.1:${grpc}`,
        OTELCOL_HTTP: `127.0.0.1:${otlp}`,
        OTELCOL_QUEUE_DIR: options.queueDir ?? join(dir, 'queue'),
        ...(options.queueBytes === undefined ? {} : { OTELCOL_QUEUE_BYTES: String(options.queueBytes) }),
        TEMPO_OTLP_URL: url(tempoOtlp),
        LOKI_OTLP_URL: `${url(loki)}/otlp`,
        PROMETHEUS_OTLP_URL: `${url(prom)}/api/v1/otlp`,
      },
    ),
  };
  const tempoServer = paths.tempo
    ? new StackServer(
        'tempo',
        paths.tempo,
        composeCommand('tempo', { '/etc/tempo/tempo.yaml': join(ROOT, 'collector/tempo/tempo.yaml') }),
        `${url(tempo)}/ready`,
        {
          TEMPO_ADDRESS: '127.0.0.1',
          TEMPO_PORT: String(tempo),
          TEMPO_GRPC_PORT: String(tempoGrpc),
          TEMPO_OTLP: `127.0.0.1:${tempoOtlp}`,
          TEMPO_DATA: join(dir, 'tempo'),
          PROMETHEUS_URL: url(prom),
        },
      )
    : undefined;
  const all: StackServer[] = [...Object.values(servers), ...(tempoServer ? [tempoServer] : [])];
  const listeners = [webhook, ...(tempoServer ? [] : [await takeAll(tempoOtlp)])];
  const stop = async (): Promise<void> => {
    await Promise.all(all.map((server) => server.stop()));
    for (const listener of listeners) {
      listener.close();
      listener.closeAllConnections();
    }
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    await Promise.all(all.map((server) => server.start()));
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    ...servers,
    tempo: tempoServer,
    otlpUrl: url(otlp),
    prometheusUrl: url(prom),
    lokiUrl: url(loki),
    tempoUrl: url(tempo),
    alertmanagerUrl: url(alert),
    notified,
    dir,
    stop,
  };
}

/** The shipped configuration, with the names of the compose network replaced by loopback, evaluated more often. */
function prometheusServer(path: string, dir: string, port: number, ports: { alertmanager: number; loki: number; tempo: number }): StackServer {
  const folder = join(dir, 'prometheus');
  mkdirSync(folder);
  cpSync(join(ROOT, 'collector/prometheus/rules'), join(folder, 'rules'), { recursive: true });
  const config = readFileSync(join(ROOT, 'collector/prometheus/prometheus.yml'), 'utf8')
    .replaceAll('alertmanager:9093', `127.0.0.1:${ports.alertmanager}`)
    .replaceAll('loki:3100', `127.0.0.1:${ports.loki}`)
    .replaceAll('tempo:3200', `127.0.0.1:${ports.tempo}`)
    .replaceAll('localhost:9090', `127.0.0.1:${port}`)
    .replace('evaluation_interval: 15s', 'evaluation_interval: 5s');
  writeFileSync(join(folder, 'prometheus.yml'), config);
  return new StackServer(
    'prometheus',
    path,
    [...composeCommand('prometheus', { '/etc/prometheus': folder, '/prometheus': join(folder, 'data') }), `--web.listen-address=127.0.0.1:${port}`],
    `http://127.0.0.1:${port}/-/ready`,
  );
}

function alertmanagerServer(path: string, dir: string, port: number, hook: string): StackServer {
  const folder = join(dir, 'alertmanager');
  mkdirSync(join(folder, 'receivers'), { recursive: true });
  for (const name of ['page', 'ticket', 'chat']) writeFileSync(join(folder, `receivers/${name}-url`), `${hook}/${name}\n`);
  const config = readFileSync(join(ROOT, 'collector/alertmanager/alertmanager.yml'), 'utf8')
    .replaceAll('/etc/alertmanager/receivers', join(folder, 'receivers'))
    .replace('group_interval: 1m', 'group_interval: 5s')
    .replace('group_wait: 10s', 'group_wait: 1s');
  writeFileSync(join(folder, 'alertmanager.yml'), config);
  return new StackServer(
    'alertmanager',
    path,
    [...composeCommand('alertmanager', { '/etc/alertmanager': folder, '/alertmanager': join(folder, 'data') }), `--web.listen-address=127.0.0.1:${port}`],
    `http://127.0.0.1:${port}/-/ready`,
  );
}

/** Stands in Tempo's place: without anybody who takes the spans, they would fill the collector's queue for good. */
function takeAll(port: number): Promise<Server> {
  const server = createServer((req, res) => {
    req.resume().on('end', () => res.setHeader('content-type', 'application/x-protobuf').end());
  });
  return new Promise((resolve) => server.listen(port, '127.0.0.1', () => resolve(server)));
}

function receive(port: number, notified: Notified[]): Promise<Server> {
  const server = createServer((req, res) => {
    let body = '';
    req.setEncoding('utf8').on('data', (chunk: string) => {
      body += chunk;
    });
    req.on('end', () => {
      const { alerts } = JSON.parse(body) as { alerts: Omit<Notified, 'to'>[] };
      notified.push(...alerts.map((alert) => ({ ...alert, to: req.url?.slice(1) ?? '' })));
      res.end();
    });
  });
  return new Promise((resolve) => server.listen(port, '127.0.0.1', () => resolve(server)));
}
