import type { Command } from 'commander';
import type { CliContext } from './context.ts';

/** `sonde stack ...`: the servers that watch from outside. */
export function addStackCommands(program: Command, context: () => CliContext): void {
  const stack = program.command('stack').description('the collector, Prometheus, Loki, Tempo, Alertmanager and Grafana');
  const command = (name: string, description: string): Command =>
    stack.command(name).description(description).option('--root <folder>', 'that holds docker-compose.yml (default: this one, else the one in the package)');
  stack
    .command('init')
    .description('copy the stack into this folder, to be kept with the project')
    .argument('[folder]')
    .action(async (folder) => (await import('./commands/stack/init.ts')).initCommand(context(), folder));
  command('up', 'start the servers and wait until they are ready').action(async (options) =>
    (await import('./commands/stack/compose.ts')).upCommand(context(), options),
  );
  command('down', 'stop the servers')
    .option('--volumes', 'and delete their data')
    .action(async (options) => (await import('./commands/stack/compose.ts')).downCommand(context(), options));
  command('status', 'ask every server whether it is ready').action(async () => (await import('./commands/stack/status.ts')).statusCommand(context()));
  command('logs', 'what the servers print')
    .argument('[server]')
    .option('-f, --follow', 'go on with the lines to come')
    .action(async (server, options) => (await import('./commands/stack/compose.ts')).logsCommand(context(), server, options));
  command('verify', 'check the files of the stack: shapes, expressions, names').action(async (options) =>
    (await import('./commands/stack/verify.ts')).verifyCommand(context(), options),
  );
  command('generate', 'write rules, runbooks and dashboards from the catalogue, and the rules of declared objectives (collector/slo)')
    .option('--url <url>', 'declare the objectives of the running process at this URL first')
    .option('--pid <pid>', 'the same for a process of this machine')
    .action(async (options) => (await import('./commands/stack/generate.ts')).generateCommand(context(), options));
  stack
    .command('replay')
    .description('send what the embedded store holds into the stack')
    .option('--to <url>', 'OTLP receiver (default: OTEL_EXPORTER_OTLP_ENDPOINT, else http://127.0.0.1:4318)')
    .option('--since <duration>', 'how far back ("24h"); default: everything')
    .action(async (options) => (await import('./commands/stack/replay.ts')).replayCommand(context(), options));
}
