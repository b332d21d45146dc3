import { LEVELS, parseLevel } from '../core/level.ts';
import { type Answer, failure, json } from './answer.ts';
import { readBody } from './body.ts';
import type { AdminDeps, LevelScope, LoggerState } from './deps.ts';
import { mediaType, readTtl } from './level-request.ts';
import { actorOf, bodyFailure } from './level-route.ts';
import type { Route, RouteContext } from './route.ts';

/** Spring lists the quietest first. */
const SHOWN_LEVELS = LEVELS.map((level) => level.toUpperCase()).reverse();
const TYPES = new Set(['application/json', 'application/vnd.spring-boot.actuator.v2+json', 'application/vnd.spring-boot.actuator.v3+json']);
const MAX_NAME = 200;

/** `/loggers`: Spring Boot Actuator's listing. */
export const loggersRoute: Route = {
  path: '/loggers',
  methods: ['GET', 'HEAD'],
  answer({ deps }) {
    const loggers: Record<string, unknown> = Object.create(null);
    for (const one of deps.levels.list()) loggers[one.name === '' ? 'ROOT' : one.name] = show(one);
    const groups: Record<string, unknown> = Object.create(null);
    for (const [name, members] of Object.entries(deps.levels.groups())) groups[name] = groupState(deps, members);
    return json(200, { levels: SHOWN_LEVELS, loggers, groups });
  },
};

/** `/loggers/{name}`: one logger or one group; the name keeps its dots. */
export const loggerRoute: Route = {
  path: '/loggers/:name',
  methods: ['GET', 'HEAD', 'POST'],
  answer(context) {
    const name = context.params.name ?? '';
    if (name === '' || name.length > MAX_NAME) return failure(404, 'no such logger');
    const members = Object.hasOwn(context.deps.levels.groups(), name) ? context.deps.levels.groups()[name] : undefined;
    if (context.method === 'POST') return post(context, members ?? [rootOr(name)]);
    if (members) return json(200, groupState(context.deps, members));
    const one = context.deps.levels.list().find((logger) => logger.name === rootOr(name));
    return one ? json(200, show(one)) : failure(404, `no logger ${JSON.stringify(name)}`);
  },
};

function rootOr(name: string): string {
  return name.toLowerCase() === 'root' ? '' : name;
}

function show(one: LoggerState): Record<string, unknown> {
  return {
    ...(one.configured === undefined ? {} : { configuredLevel: one.configured.toUpperCase() }),
    effectiveLevel: one.effective.toUpperCase(),
    ...(one.expiresAtMs === undefined ? {} : { expiresAt: new Date(one.expiresAtMs).toISOString(), revertsTo: one.revertsTo?.toUpperCase() }),
  };
}

function groupState(deps: AdminDeps, members: readonly string[]): Record<string, unknown> {
  const states = deps.levels.list().filter((one) => members.includes(one.name));
  const levels = new Set(states.map((one) => one.configured));
  const [only] = levels;
  return { ...(levels.size === 1 && only !== undefined ? { configuredLevel: only.toUpperCase() } : {}), members };
}

async function post({ request, query, deps }: RouteContext, names: readonly string[]): Promise<Answer> {
  const type = mediaType(request.headers['content-type']);
  if (!TYPES.has(type)) return failure(415, `unsupported media type: ${JSON.stringify(type)}`, { accept: [...TYPES].join(', ') });
  const body = await readBody(request);
  if ('problem' in body) return bodyFailure(body.problem);
  const asked = readChange('parsed' in body ? body.parsed : body.text);
  if (typeof asked === 'string') return failure(400, asked);
  const scope = scopeOf(query);
  if (typeof scope === 'string') return failure(400, scope);
  const ttl = asked.ttl ?? query.get('ttl') ?? undefined;
  const ttlMs = ttl === undefined ? undefined : readTtl(ttl);
  if (typeof ttlMs === 'string') return failure(400, ttlMs);
  if (deps.requireTtl && ttlMs === undefined && asked.level !== undefined) return failure(400, 'must specify ttl');
  const change = { ttlMs, scope, reason: query.get('reason')?.slice(0, 500), actor: actorOf(request.headers), remoteAddress: request.socket.remoteAddress };
  for (const name of names) {
    if (asked.level === undefined) deps.levels.clear(name, change);
    else deps.levels.set(name, asked.level, change);
  }
  return { status: 204, body: '', type: 'application/json; charset=utf-8' };
}

/** `level` is undefined where the logger is to inherit again; a text is the message of the 400. */
function readChange(body: unknown): { level: string | undefined; ttl: unknown } | string {
  let value = body;
  if (typeof body === 'string') {
    try {
      value = JSON.parse(body);
    } catch (error) {
      return `malformed request body: ${(error as Error).message}`;
    }
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'malformed request body: expected a JSON object';
  const { configuredLevel, ttl } = value as { configuredLevel?: unknown; ttl?: unknown };
  if (configuredLevel === undefined || configuredLevel === null) return { level: undefined, ttl };
  const level = parseLevel(configuredLevel);
  return level === undefined ? `unrecognized level: ${JSON.stringify(configuredLevel) ?? 'null'}` : { level, ttl };
}

/** The scope of a lease, none, or the message of the 400. */
function scopeOf(query: URLSearchParams): LevelScope | undefined | string {
  const trace = query.get('trace') ?? undefined;
  const route = query.get('route') ?? undefined;
  const user = query.get('user') ?? undefined;
  if (trace === undefined && route === undefined && user === undefined) return undefined;
  if (trace !== undefined && !/^[0-9a-f]{32}$/i.test(trace)) return `unrecognized trace: ${JSON.stringify(trace)}`;
  if (route === '' || user === '' || (route?.length ?? 0) > MAX_NAME || (user?.length ?? 0) > MAX_NAME)
    return 'unrecognized scope: a route or user is empty or too long';
  return { trace: trace?.toLowerCase(), route, user };
}
