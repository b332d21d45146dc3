import { Command, CommanderError } from 'commander';
import { VERSION } from '../core/version.ts';
import type { CliContext, CliIo } from './context.ts';
import { CliError, EXIT, type ExitCode } from './exit-codes.ts';
import { cleanBlock, cleanJson, cleanLine } from './output/clean.ts';
import { styleFor } from './output/style.ts';
import { addStackCommands } from './stack-commands.ts';

/** Runs one command line and returns its exit code. Never throws. */
export async function run(argv: readonly string[], io: CliIo): Promise<ExitCode> {
  const exit: { code: ExitCode } = { code: EXIT.ok };
  const program = buildProgram(io, exit);
  try {
    await program.parseAsync(argv as string[], { from: 'user' });
    return exit.code;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok; // --help, --version
    if (error instanceof CommanderError) return EXIT.usage; // commander has said it
    if (/\bsonde\b/i.test(io.env['NODE_DEBUG'] ?? '') && error instanceof Error) io.stderr.write(`${cleanBlock(String(error.stack))}\n`);
    const { exit: ending, code, message } = await inOurWords(error);
    if (argv.includes('--json')) io.stdout.write(`${cleanJson({ error: { code, message } }, 2)}\n`);
    io.stderr.write(`sonde: ${cleanLine(message)}\n`);
    return ending;
  }
}

async function inOurWords(error: unknown): Promise<CliError> {
  if (error instanceof CliError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof RangeError && message.startsWith('Cannot ')) return new CliError(EXIT.usage, 'usage', message);
  const { StoreError } = await import('../store/failure.ts');
  if (error instanceof StoreError) return new CliError(EXIT.unreachable, error.code, message);
  return new CliError(EXIT.unreachable, 'unexpected', `Something unexpected happened: ${message}; run it with NODE_DEBUG=sonde to see where`);
}

/** The commands and their options. What a command does is loaded when it is called. */
function buildProgram(io: CliIo, exit: { code: ExitCode }): Command {
  const program = new Command('sonde')
    .description('Look up errors, traces and logs, and look into a running process.')
    .version(VERSION)
    .option('--json', 'print JSON (NDJSON where it follows)')
    .option('--dir <folder>', 'folder of the store (default: SONDE_DIR, else .sonde)')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      outputError: (text, write) =>
        write(
          `sonde: ${cleanLine(
            text
              .trim()
              .replace(/^error: /, '')
              .replaceAll('\n', ' '),
          )}; see "sonde --help"\n`,
        ),
    });
  const context = (): CliContext => contextOf(program, io, exit);

  program
    .command('error')
    .description('one error by the ID that a user was shown: stack, context, trace, log lines')
    .argument('<id...>', 'in any case, with or without hyphens')
    .option('--follow-trace', 'show the other errors of its trace whole, in whatever service they happened')
    .action(async (words: string[], options: object) => (await import('./commands/error.ts')).errorCommand(context(), words, options));
  addErrors(program, context);
  program
    .command('trace')
    .description('the spans of a trace as a tree, and its log lines')
    .argument('<id>', 'trace ID, 32 hexadecimal digits')
    .action(async (id: string) => (await import('./commands/trace.ts')).traceCommand(context(), id));
  addLogs(program, context);
  program
    .command('codes')
    .description('the error codes that the modules of an application define')
    .argument('<module...>', 'files that call defineError(), such as dist/errors.js; they are imported')
    .option('--markdown', 'as a Markdown table')
    .action(async (modules: string[], options: object) => (await import('./commands/codes.ts')).codesCommand(context(), modules, options));
  program
    .command('activity')
    .description('how much happened, minute by minute, and where the time went')
    .option('--since <time>', 'how long ago or a UTC time (default 1h)')
    .option('--until <time>', 'before this time')
    .option('--limit <count>', 'how many names of spans (default 15)')
    .action(async (options: object) => (await import('./commands/activity.ts')).activityCommand(context(), options));
  for (const name of ['serve', 'ui'] as const) {
    program
      .command(name)
      .description(name === 'serve' ? 'take OTLP of other processes into the store, and show the look-up pages' : 'the look-up as pages in a browser')
      .option('--port <port>', `to listen on (default ${name === 'serve' ? 4318 : 9465})`)
      .option('--host <address>', 'to listen on (default 127.0.0.1; another needs a token)')
      .option('--token <token>', 'that every request must bear (default: SONDE_ADMIN_TOKEN)')
      .action(async (options: object) => (await import('./commands/serve.ts'))[`${name}Command`](context(), options));
  }
  addProcessCommands(program, context);
  addStackCommands(program, context);
  return program;
}

function addErrors(program: Command, context: () => CliContext): void {
  program
    .command('errors')
    .description('errors, newest first')
    .option('--since <time>', 'how long ago ("1h") or a UTC time')
    .option('--until <time>', 'before this time')
    .option('--group', 'by fingerprint: count, first and last seen, releases')
    .option('--new', 'groups that were first seen since --since (default 1h), or first in --release')
    .option('--release <release>', 'groups that were seen in this release')
    .option('--regressed', 'groups that came back in --release (default: the newest) after they were gone')
    .option('--service <name>')
    .option('--kind <kind>', 'bug or known')
    .option('--type <type>')
    .option('--fingerprint <fingerprint>')
    .option('--trace <id>')
    .option('--limit <count>', 'of a page (default 50, at most 1000)')
    .option('--after <cursor>', 'the page after the one that named this')
    .action(async (options: object) => (await import('./commands/errors.ts')).errorsCommand(context(), options));
}

function addLogs(program: Command, context: () => CliContext): void {
  program
    .command('logs')
    .description('log lines, the last ones')
    .option('--level <level>', 'this level and above')
    .option('--logger <name>', 'this logger and those below it')
    .option('--since <time>', 'how long ago ("1h") or a UTC time')
    .option('--until <time>', 'before this time')
    .option('--trace <id>')
    .option('--service <name>')
    .option('--limit <count>', 'of a page (default 50, at most 1000)')
    .option('--after <cursor>', 'the lines before those that named this')
    .option('-f, --follow', 'go on with the lines to come')
    .action(async (options: object) => (await import('./commands/logs.ts')).logsCommand(context(), options));
}

/** Commands that speak to a running process. */
function addProcessCommands(program: Command, context: () => CliContext): void {
  const command = (name: string, description: string): Command =>
    program
      .command(name)
      .description(description)
      .option('--url <url>', 'of its admin handler (default: SONDE_URL, else the only process there, else http://127.0.0.1:9464)')
      .option('--pid <pid>', 'of the process, by its socket in the folder of the store');
  command('level', 'show or change the log levels of a running process')
    .argument('[logger]', 'its name; left out, the root')
    .argument('[level]', 'trace, debug, info, warn, error, fatal, off')
    .option('--for <duration>', 'go back after this long ("10m")')
    .option('--reason <text>', 'for the audit record')
    .option('--trace <id>', 'in the calls of this trace only')
    .option('--route <route>', 'in the requests of this route only')
    .option('--user <id>', 'in the calls of this user only')
    .option('--reset', 'go back to the inherited level')
    .action(async (logger, level, options) => (await import('./commands/level.ts')).levelCommand(context(), logger, level, options));
  command('ledger', 'what became of every record of a running process').action(async (options) =>
    (await import('./commands/ledger.ts')).ledgerCommand(context(), options),
  );
  command('top', 'what a running process does, what limits it, and where the time goes')
    .option('--seconds <count>', 'over how long (default 2)')
    .option('--limit <count>', 'how many functions (default 15)')
    .option('--watch', 'again and again')
    .action(async (options) => (await import('./commands/top.ts')).topCommand(context(), options));
  command('profile', 'take a profile of a running process, save it, print the hottest functions')
    .argument('[kind]', 'cpu, heap or allocs', 'cpu')
    .option('--seconds <count>', 'how long (default 10, at most 60)')
    .option('--out <file>', 'where to save it (gzipped pprof)')
    .option('--flame [file]', 'write a flame graph too, as one HTML file (default: beside the profile)')
    .option('--top <count>', 'how many functions (default 20)')
    .action(async (kind, options) => (await import('./commands/profile.ts')).profileCommand(context(), kind, options));
  command('doctor', 'what is wrong with the set-up on this machine, with the fix; ends with 1 where something is').action(async (options) =>
    (await import('./commands/doctor.ts')).doctorCommand(context(), options),
  );
  command('handles', 'what a running process holds open').action(async (options) => (await import('./commands/handles.ts')).handlesCommand(context(), options));
}

function contextOf(program: Command, io: CliIo, exit: { code: ExitCode }): CliContext {
  const options = program.opts<{ json?: boolean; dir?: string }>();
  const dir = options.dir ?? (io.env['SONDE_DIR'] || '.sonde');
  // A folder that is named on the command line is meant, whatever the environment says.
  const remote = options.dir === undefined && Boolean(io.env['SONDE_LOKI_URL'] || io.env['SONDE_TEMPO_URL']);
  return {
    io,
    dir,
    json: options.json ?? false,
    style: styleFor(io.stdout.isTTY ?? false, io.env),
    width: Math.max(60, io.stdout.columns ?? 120),
    tableWidth: io.stdout.isTTY ? Math.max(60, io.stdout.columns ?? 120) : Infinity,
    print: (text) => void io.stdout.write(text),
    exit: (code) => {
      exit.code = code;
    },
    printJson: (value, compact) => void io.stdout.write(`${cleanJson(value, compact ? undefined : 2)}\n`),
    place: remote ? `the stack (${[io.env['SONDE_LOKI_URL'], io.env['SONDE_TEMPO_URL']].filter(Boolean).map(withoutPassword).join(', ')})` : `"${dir}"`,
    async lookup(use) {
      const local = (await import('../store/open-lookup.ts')).openLookup(dir);
      const lookup = remote ? (await import('./with-local.ts')).withLocal((await import('../stack/lookup/from-env.ts')).lookupFromEnv(io.env), local) : local;
      try {
        return await use(lookup);
      } finally {
        await lookup.close();
      }
    },
  };
}

function withoutPassword(url: string | undefined): string {
  return (url ?? '').replace(/\/\/[^@/]*@/, '//');
}
