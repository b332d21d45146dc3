import type { IncomingMessage } from 'node:http';
import type { Attributes } from '../core/attributes.ts';
import { clock } from '../core/clock.ts';
import { nodeHttp } from '../core/node-http.ts';
import { definitionOf } from '../errors/definition.ts';
import { problemOf } from '../errors/problem.ts';
import { report, saidSaved } from '../errors/report.ts';
import { routeOf } from '../http/route.ts';
import { prefersHtml } from './accept.ts';
import { errorPage, PAGE_POLICY } from './error-page.ts';
import type { ProblemText } from './problem-text.ts';

/** How errors are answered; the same for all frameworks. */
export interface ErrorAnswerOptions {
  /** Also report errors of the framework that are the client's fault (a body that is no JSON, a failed validation). Default `false`. */
  readonly reportClientErrors?: boolean;
  /** The module named in `errors_total{boundary}`; default none. */
  readonly boundary?: string;
}

/** For adapters: a framework that tells the client's fault in its own way gives it in the usual one. */
export interface ErrorAnswerInput extends ErrorAnswerOptions {
  /** What stands for the error where it is asked whether the client is wrong. */
  readonly fault?: unknown;
}

/** An answer, ready to be written. */
export interface ErrorAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Absent where no ID was minted: the client's own mistake. */
  readonly errorId: string | undefined;
}

const MAX_DETAIL = 500; // a sentence; a validator can list a hundred faults
const MAX_HEADER = 200;

/** Headers of an error that are part of the protocol, and so may leave. */
const PROTOCOL_HEADERS = ['Retry-After', 'WWW-Authenticate', 'Allow', 'Proxy-Authenticate'];

/** Reports `error` and makes the answer. Never throws. */
export function errorAnswer(error: unknown, request: IncomingMessage, options: ErrorAnswerInput = {}): ErrorAnswer {
  const told = options.fault ?? error;
  const fault = clientFault(told);
  const status = fault?.status ?? serverStatus(told);
  if (fault !== undefined && options.reportClientErrors !== true) return render(fault, protocolHeaders(error), request);
  const reported = report(error, {
    mechanism: 'http.server',
    ...(options.boundary !== undefined && { boundary: options.boundary }),
    ...(status !== undefined && { status }),
    ...(fault !== undefined && { kind: 'known' as const }),
    attributes: requestAttributes(request),
  });
  const problem = problemOf(error, reported);
  return render(
    fault === undefined ? problem : { ...fault, detail: saidSaved(fault.detail, reported), instance: problem.instance, errorId: problem.errorId },
    { ...protocolHeaders(error), ...problem.headers },
    request,
  );
}

/** The problem of an error by which a framework says that the client is wrong; `undefined` for all others. */
function clientFault(error: unknown): ProblemText | undefined {
  if (typeof error !== 'object' || error === null || definitionOf(error)) return undefined;
  try {
    const { status, statusCode = status, expose, validation, body, message, code } = error as Record<string, unknown>;
    if (isOfAnotherService(error as Record<string, unknown>)) return undefined;
    if (typeof statusCode !== 'number' || !Number.isInteger(statusCode) || statusCode < 400 || statusCode > 499) return undefined;
    // A parser's message quotes the body; a validator's and an explicitly exposed one are written for the client.
    const isWritten =
      Array.isArray(validation) || (expose === true && body === undefined && code === undefined && (error as { type?: unknown }).type === undefined);
    const title = nodeHttp().STATUS_CODES[statusCode] ?? 'Bad Request';
    return {
      type: 'about:blank',
      title,
      status: statusCode,
      detail: isWritten && typeof message === 'string' && message !== '' ? message.slice(0, MAX_DETAIL) : (SENTENCES[statusCode] ?? `${title}.`),
    };
  } catch {
    return undefined;
  }
}

/** The status of a failure that a framework's own error class was given: "unavailable" and "bad gateway" are said as such, with an ID. */
function serverStatus(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || definitionOf(error)) return undefined;
  try {
    const { status, statusCode = status, expose, getResponse, code } = error as Record<string, unknown>;
    const isFrameworks = typeof expose === 'boolean' || typeof getResponse === 'function' || (typeof code === 'string' && code.startsWith('FST_'));
    if (!isFrameworks || isOfAnotherService(error as Record<string, unknown>)) return undefined;
    return typeof statusCode === 'number' && Number.isInteger(statusCode) && statusCode >= 500 && statusCode <= 599 ? statusCode : undefined;
  } catch {
    return undefined;
  }
}

/** What clients of other services leave on their errors: the answer (axios, got, ky, ofetch, octokit), or the ID of their request (SDKs of Stripe, OpenAI, AWS, Azure). */
const MARKS_OF_CLIENTS = ['request', 'requestId', 'requestID', 'request_id', '$metadata', 'moreInfo'];

/** Whether the status of an error is another service's answer to us: it says nothing of our client. */
function isOfAnotherService(error: Record<string, unknown>): boolean {
  const { response } = error;
  if (typeof response === 'object' && response !== null) {
    const { status, statusCode = status } = response as { status?: unknown; statusCode?: unknown };
    if (typeof statusCode === 'number') return true;
  }
  return MARKS_OF_CLIENTS.some((mark) => error[mark] !== undefined && error[mark] !== null) || isAnswer(error);
}

/** An error that is the answer itself: undici, bent (it can be read), Elasticsearch (`meta`), dockerode (`reason`). */
function isAnswer({ code, meta, reason, json, text }: Record<string, unknown>): boolean {
  if (typeof code === 'string' && code.startsWith('UND_ERR_')) return true;
  if (typeof (meta as { statusCode?: unknown } | null | undefined)?.statusCode === 'number') return true;
  return json !== undefined && (reason !== undefined || typeof text === 'function');
}

const SENTENCES: Readonly<Record<number, string>> = {
  400: 'The request could not be read.',
  401: 'You are not signed in.',
  403: 'You may not do this.',
  404: 'There is nothing at this address.',
  405: 'This address does not allow that method.',
  413: 'The request is too large.',
  415: 'The request has a media type that is not supported.',
  429: 'There were too many requests. Try again later.',
};

function protocolHeaders(error: unknown): Record<string, string> {
  const found: Record<string, string> = {};
  try {
    const { headers, res } = (error ?? {}) as { headers?: unknown; res?: unknown };
    // hono's HTTPException carries a whole response: a password prompt is in its headers.
    for (const source of [headers, (res as { headers?: unknown } | undefined)?.headers]) {
      if (typeof source !== 'object' || source === null) continue;
      for (const [name, value] of source instanceof Headers ? source : Object.entries(source)) {
        const known = PROTOCOL_HEADERS.find((header) => header.toLowerCase() === name.toLowerCase()); // in one spelling: none is sent twice
        if (known !== undefined && (typeof value === 'string' || typeof value === 'number')) found[known] = cut(String(value).replace(/[^\x20-\x7e]/g, ''));
      }
    }
  } catch {
    // An error whose fields cannot be read has no headers.
  }
  return found;
}

function render(problem: ProblemText, headers: Record<string, string>, request: IncomingMessage): ErrorAnswer {
  const html = prefersHtml(request.headers.accept);
  const body = html ? errorPage(problem, new Date(clock.now())) : JSON.stringify(problem);
  return {
    status: problem.status,
    headers: {
      'Cache-Control': 'no-store',
      ...headers,
      'Content-Type': html ? 'text/html; charset=utf-8' : 'application/problem+json; charset=utf-8',
      'X-Content-Type-Options': 'nosniff',
      Vary: 'Accept',
      ...(html && { 'Content-Security-Policy': PAGE_POLICY }),
    },
    body,
    errorId: problem.errorId,
  };
}

/** What the record says of the request. The query is left out: secrets travel in it. */
function requestAttributes(request: IncomingMessage): Attributes {
  const id = request.headers['x-request-id'];
  return {
    'http.request.method': request.method,
    'http.route': routeOf(request),
    'url.path': cut(((request as { originalUrl?: string }).originalUrl ?? request.url ?? '').replace(/[?#].*$/, '')),
    'http.request.id': typeof id === 'string' ? cut(id) : undefined,
  };
}

function cut(text: string): string {
  return text.length > MAX_HEADER ? `${text.slice(0, MAX_HEADER)}…` : text;
}
