import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { type Answer, failure, htmlAnswer, json } from './answer.ts';
import { html, page, table } from './html.ts';
import type { Job } from './pprof/job.ts';
import { type Route, type RouteContext, wantsJson } from './route.ts';

const DEFAULT_SECONDS = 10;
const MAX_SECONDS = 60; // the contract's bound
const OVERHEAD_MS = 15_000; // to write and compress a large profile

/** Takes a profile and writes it, compressed; or says why not. */
type Taker = (ms: number, context: RouteContext) => Promise<Buffer | Answer>;

/** Whether a profile is being taken: two at once would measure each other. */
let busy = false;

const zip = promisify(gzip);

function profileRoute(name: string, take: Taker): Route {
  return {
    path: `/debug/pprof/${name}`,
    methods: ['GET', 'HEAD'],
    limitMs: MAX_SECONDS * 1_000 + OVERHEAD_MS,
    answer: (context) => profiled(name, take, context),
  };
}

async function profiled(name: string, take: Taker, context: RouteContext): Promise<Answer> {
  const seconds = Number(context.query.get('seconds') ?? DEFAULT_SECONDS);
  if (!(seconds > 0 && seconds <= MAX_SECONDS)) return failure(400, `seconds is no number above 0 and up to ${MAX_SECONDS}`);
  const headers = { 'content-disposition': `attachment; filename="${name}.pb.gz"` };
  if (context.method === 'HEAD') return { status: 200, type: 'application/octet-stream', body: '', headers };
  if (busy) return failure(409, 'another profile is being taken', { 'retry-after': '5' });
  busy = true;
  try {
    const profile = await take(seconds * 1_000, context);
    if ('status' in profile) return profile;
    return { status: 200, type: 'application/octet-stream', body: context.signal.aborted ? '' : profile, headers };
  } finally {
    busy = false;
  }
}

/** `/debug/pprof/profile`: CPU. */
export const cpuRoute = profileRoute('profile', async (ms, { signal }) => written((await import('./pprof/cpu-profile.ts')).takeCpuProfile(ms, signal), signal));
/** `/debug/pprof/heap`: what is alive, where the heap is sampled all the time; else what is allocated from now on and stays alive. */
export const heapRoute = profileRoute('heap', async (ms, { signal, deps }) =>
  written(deps.liveHeap?.() ?? (await import('./pprof/heap-profile.ts')).takeHeapProfile('heap', ms, signal), signal),
);
/** `/debug/pprof/allocs`: all that is allocated from now on. */
export const allocsRoute = profileRoute('allocs', async (ms, { signal, deps }) => {
  // V8 has one sampler: with other options it would begin anew and forget what is alive.
  if (deps.liveHeap !== undefined) return failure(409, 'the heap is sampled since the start (admin.heapProfile): take /debug/pprof/heap');
  return written((await import('./pprof/heap-profile.ts')).takeHeapProfile('allocs', ms, signal), signal);
});
/** `/debug/pprof/goroutine`: the open handles. */
export const goroutineRoute = profileRoute('goroutine', async (_ms, { deps }) =>
  zip((await import('./pprof/handles-profile.ts')).encodeHandles(deps.handles(), Date.now())),
);

async function written(taking: Promise<Job>, signal: AbortSignal): Promise<Buffer> {
  const job = await taking;
  return signal.aborted ? Buffer.alloc(0) : (await import('./pprof/encode-apart.ts')).encodeApart(job, signal);
}

const KINDS = [
  ['profile', 'CPU time by function and line'],
  ['heap', 'memory that is alive: allocated since the start with admin.heapProfile, else while the profile runs'],
  ['allocs', 'memory allocated while the profile runs'],
  ['goroutine', 'open handles by the place that opened them'],
] as const;

/** `/debug/pprof/`: the profiles there are. */
export const pprofRoute: Route = {
  path: '/debug/pprof',
  methods: ['GET', 'HEAD'],
  isPage: true,
  answer(context) {
    const { up } = context;
    if (wantsJson(context)) return json(200, { profiles: KINDS.map(([name, about]) => ({ name, about })) });
    const rows = KINDS.map(([name, about]) => [html`<a href="${up}debug/pprof/${name}?seconds=10">${name}</a>`, about]);
    const how = html`<p>Read one with <code>go tool pprof -top file.pb.gz</code>, or take it with <code>sonde profile</code>.</p>`;
    return htmlAnswer(200, page('Profiles', up, html`${table(['profile', 'what it shows'], rows)}${how}`));
  },
};
