import { type Answer, failure, json } from './answer.ts';
import { readBody } from './body.ts';
import type { AdminDeps } from './deps.ts';
import { readLevelRequest } from './level-request.ts';
import type { Route, RouteContext } from './route.ts';

/**
 * `/log/level`: zap's AtomicLevel handler and more.
 *
 * `GET` answers `{"level":"info"}`. `PUT` takes a form (`level=debug`), JSON (`{"level":"debug","ttl":"10m"}`) or an
 * empty body with `?level=debug`, and answers like `GET`. With `?logger=NAME` it speaks of that logger. With a `ttl`
 * the change is a lease: the answer then tells `expiresAt` and `revertsTo`. Every refusal is `{"error": ...}`.
 */
export const levelRoute: Route = {
  path: '/log/level',
  methods: ['GET', 'HEAD', 'PUT'],
  methodMessage: 'Only GET and PUT are supported.',
  async answer(context) {
    const logger = loggerOf(context.query);
    if (logger === undefined) return failure(400, 'the name of the logger is too long');
    return context.method === 'PUT' ? put(context, logger) : stateOf(context.deps, logger);
  },
};

const MAX_NAME = 200; // as long as a logger's name can be

function loggerOf(query: URLSearchParams): string | undefined {
  const name = query.get('logger') ?? '';
  if (name.length > MAX_NAME) return undefined;
  return name.toLowerCase() === 'root' ? '' : name;
}

async function put({ request, query, deps }: RouteContext, logger: string): Promise<Answer> {
  const body = await readBody(request);
  if ('problem' in body) return bodyFailure(body.problem);
  const asked = readLevelRequest(request.headers['content-type'], body, query);
  if ('error' in asked) return failure(400, asked.error);
  if (deps.requireTtl && asked.ttlMs === undefined) return failure(400, 'must specify ttl');
  deps.levels.set(logger, asked.level, {
    ttlMs: asked.ttlMs,
    reason: asked.reason,
    actor: actorOf(request.headers),
    remoteAddress: request.socket.remoteAddress,
  });
  return stateOf(deps, logger);
}

/** Who asked, as far as the request tells; goes into the audit record. */
export function actorOf(headers: { readonly [name: string]: unknown }): string | undefined {
  const agent = headers['x-actor'] ?? headers['user-agent'];
  return typeof agent === 'string' ? agent.slice(0, 200) : undefined;
}

/** The answer to a body that could not be read. */
export function bodyFailure(problem: 'too_large' | 'too_slow' | 'aborted' | 'not_utf8'): Answer {
  if (problem === 'too_large') return failure(413, 'request body is larger than 4 KiB');
  if (problem === 'too_slow') return failure(408, 'request body took too long');
  return failure(400, `malformed request body: ${problem === 'aborted' ? 'it ended early' : 'it is no UTF-8'}`);
}

function stateOf(deps: AdminDeps, logger: string): Answer {
  const { level, expiresAtMs, revertsTo } = deps.levels.get(logger);
  return json(200, { level, ...(expiresAtMs === undefined ? {} : { expiresAt: new Date(expiresAtMs).toISOString(), revertsTo }) });
}
