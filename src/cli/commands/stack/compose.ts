import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { CliContext } from '../../context.ts';
import { CliError, EXIT, unreachable } from '../../exit-codes.ts';
import { checkDocker } from './docker.ts';
import { isInstalled, stackRoot } from './root.ts';

const RECEIVERS = 'collector/alertmanager/receivers';
const CONTACTS = ['page', 'ticket', 'chat'];

export interface ComposeOptions {
  readonly root?: string;
  readonly follow?: boolean;
  readonly volumes?: boolean;
}

/** `sonde stack up`: starts the servers and waits, with compose's own progress, until each says that it is healthy. */
export async function upCommand(context: CliContext, options: ComposeOptions): Promise<void> {
  const root = stackRoot(options.root);
  if (!existsSync(join(root, '.env')) && !context.io.env.GRAFANA_ADMIN_PASSWORD) throw withoutEnv(root);
  await compose(root, ['up', '--detach', '--wait', '--wait-timeout', '180']);
  const missing = CONTACTS.filter((name) => !existsSync(join(root, RECEIVERS, `${name}-url`)));
  if (missing.length > 0)
    context.print(
      `Alerts for ${missing.join(', ')} go nowhere: put the address of a webhook into ${missing.map((name) => `${RECEIVERS}/${name}-url`).join(', ')}\n`,
    );
  context.print(
    'The stack is up: Grafana http://127.0.0.1:3000, OTLP http://127.0.0.1:4318. Start services with OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318\n',
  );
}

function withoutEnv(root: string): CliError {
  const first = isInstalled(root) ? 'run "sonde stack init" to have a copy of your own, then ' : '';
  return new CliError(
    EXIT.usage,
    'no-env',
    `Cannot start the stack: there is no .env in ${root}; ${first}copy .env.example to .env and set GRAFANA_ADMIN_PASSWORD`,
  );
}

/** `sonde stack down`: stops the servers; their data stays unless `--volumes` is given. */
export async function downCommand(_context: CliContext, options: ComposeOptions): Promise<void> {
  await compose(stackRoot(options.root), ['down', ...(options.volumes ? ['--volumes'] : [])]);
}

/** `sonde stack logs [server]`. */
export async function logsCommand(_context: CliContext, server: string | undefined, options: ComposeOptions): Promise<void> {
  await compose(stackRoot(options.root), ['logs', '--tail', '200', ...(options.follow ? ['--follow'] : []), ...(server ? ['--', server] : [])]);
}

/** Compose shows its own progress; that there is nothing to run it is said before, in one line. */
async function compose(root: string, args: readonly string[]): Promise<void> {
  await checkDocker();
  const code = await new Promise<number>((resolve, reject) => {
    const child = spawn('docker', ['compose', '--project-directory', root, '--file', join(root, 'docker-compose.yml'), ...args], { stdio: 'inherit' });
    child.once('error', reject);
    child.once('close', (exit) => resolve(exit ?? 1));
  });
  if (code !== 0) throw unreachable(`docker compose ${args[0]} ended with ${code}; what it says is above`);
}
