import type { IncomingMessage } from 'node:http';
import type { Answer } from './answer.ts';
import type { AdminDeps } from './deps.ts';

/** A request as a route sees it. */
export interface RouteContext {
  readonly request: IncomingMessage;
  readonly method: string;
  /** Path below the mount point. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly params: Readonly<Record<string, string | undefined>>;
  readonly deps: AdminDeps;
  /** From this page to the mount point, such as `../`. */
  readonly up: string;
  /** Aborts when the client leaves or the time is over. */
  readonly signal: AbortSignal;
}

/** One path of the admin surface. */
export interface Route {
  readonly path: string;
  readonly methods: readonly string[];
  /** What a method that is not served is told. */
  readonly methodMessage?: string;
  /** A page that a person may open by a link from elsewhere. */
  readonly isPage?: boolean;
  /** Limit of the answer in milliseconds. */
  readonly limitMs?: number;
  answer(context: RouteContext): Promise<Answer> | Answer;
  /** What a peer is told that brings no token, or that the hook refuses; without it such a peer is refused. */
  answerStranger?(context: RouteContext): Promise<Answer> | Answer;
}

/** Whether a reader wants JSON in place of the page. */
export function wantsJson({ query, request }: RouteContext): boolean {
  const format = query.get('format');
  if (format !== null) return format === 'json';
  const accept = request.headers.accept ?? '';
  return /\bapplication\/json\b/i.test(accept) && !/\btext\/html\b/i.test(accept);
}
