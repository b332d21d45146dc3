/** The steps in which a program's main thread loads modules, the first one first, by the modules that bring each about. */
const STEPS = [
  { name: 'vocabulary', roots: ['public/index'] },
  { name: 'start', roots: ['runtime/open-sonde'] },
  { name: 'admin', roots: ['admin/router', 'admin/routes'] },
  { name: 'program', roots: ['cli/program'] },
];
/** The worker thread has a load of its own. Its main module does things when it is loaded: it stands alone. */
const WORKER = 'pipeline/worker/main';
/** The commands of the CLI load only what each needs. */
const isCommand = (name) => name.startsWith('cli/');
/** The chunks of what a step shares with the worker, so that neither loads what is the other's alone. */
const WITH_WORKER = { vocabulary: 'core', start: 'pipeline', admin: 'worker' };
/** The same for the CLI; the one command that has more of a step is `serve`, which stays. */
const WITH_CLI = { vocabulary: 'cli' };

/**
 * A `manualChunks` for rollup: all that is loaded together stands together. `nameOf` gives a module's path without its
 * extension. What belongs to none of the steps stays a file of its own.
 *
 * The chunks have no cycles: what a module imports is reached by whatever reaches the module.
 */
export function chunkNamer(nameOf) {
  let reached;
  return (id, { getModuleInfo, getModuleIds }) => {
    reached ??= reachedBy({ getModuleInfo, getModuleIds, nameOf });
    const { steps, worker, cli } = reached;
    const step = STEPS.find((_, at) => steps[at].has(id))?.name;
    if (step === undefined) return worker.has(id) && nameOf(id) !== WORKER ? 'worker' : undefined;
    if (worker.has(id)) return WITH_WORKER[step];
    return (cli.has(id) && WITH_CLI[step]) || step;
  };
}

/** What is loaded by whom. */
function reachedBy({ getModuleInfo, getModuleIds, nameOf }) {
  const ids = new Map([...getModuleIds()].map((id) => [nameOf(id), id]));
  const from = (roots) => {
    const seen = new Set();
    const visit = (id) => {
      if (seen.has(id)) return;
      seen.add(id);
      for (const next of getModuleInfo(id).importedIds) visit(next);
    };
    for (const root of roots) {
      if (!ids.has(root)) throw new Error(`Cannot make the chunks: there is no module "${root}", expected the one that is loaded first in its step`);
      visit(ids.get(root));
    }
    return seen;
  };
  return { steps: STEPS.map(({ roots }) => from(roots)), worker: from([WORKER]), cli: from([...ids.keys()].filter(isCommand)) };
}
