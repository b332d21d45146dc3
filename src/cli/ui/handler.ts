import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Answer, failure, json, send } from '../../admin/answer.ts';
import { html } from '../../admin/html.ts';
import { parseErrorId } from '../../errors/error-id.ts';
import { StoreError } from '../../store/failure.ts';
import type { Lookup } from '../../store/lookup.ts';
import { errorView } from '../commands/error.ts';
import { CliError, EXIT } from '../exit-codes.ts';
import { layout } from './layout.ts';
import { errorPage, errorsPage, groupsPage, homePage, logsPage, type Page, tracePage } from './pages.ts';

/** Serves the look-up as pages, or as JSON with `?format=json`. */
export async function serveUi(request: IncomingMessage, response: ServerResponse, lookup: Lookup, nowMs: number): Promise<void> {
  const head = request.method === 'HEAD';
  const url = new URL(request.url ?? '/', 'http://localhost');
  const asJson = url.searchParams.get('format') === 'json';
  if (request.method !== 'GET' && !head) return send(response, failure(405, 'Only GET is supported.', { allow: 'GET, HEAD' }), false);
  send(response, await answer(url, lookup, nowMs, asJson), head);
}

async function answer(url: URL, lookup: Lookup, nowMs: number, asJson: boolean): Promise<Answer> {
  try {
    const found = await route(url, lookup, nowMs);
    if ('status' in found) return found;
    return asJson ? json(200, found.data) : found.show();
  } catch (error) {
    const { status, message } = inHttp(error);
    return asJson ? failure(status, message) : layout('Not shown', html`<p>${message}</p>`, status);
  }
}

async function route(url: URL, lookup: Lookup, nowMs: number): Promise<Page | Answer> {
  const { pathname, searchParams } = url;
  const [, section = '', id] = pathname.split('/').map(decoded);
  if (id !== undefined && section === 'errors') return oneError(lookup, id);
  if (id !== undefined && section === 'traces') return (await tracePage(lookup, id)) ?? notFound(`no span of trace ${id} is stored`);
  if (id !== undefined) return notFound('there is no such page');
  if (section === '') return homePage(lookup, nowMs);
  if (section === 'errors') return errorsPage(lookup, searchParams, nowMs);
  if (section === 'groups') return groupsPage(lookup, searchParams, nowMs);
  if (section === 'logs') return logsPage(lookup, searchParams, nowMs);
  if (section === 'find') return find(searchParams.get('q') ?? '');
  return notFound('there is no such page');
}

async function oneError(lookup: Lookup, text: string): Promise<Page> {
  const parsed = parseErrorId(text);
  if (!parsed.ok) throw new CliError(EXIT.usage, 'usage', parsed.reason === 'check' ? 'not a Sonde error ID: one symbol is wrong' : 'not a Sonde error ID');
  const error = await lookup.error(parsed.id);
  return error === undefined ? notFound(`no error ${parsed.id} is stored here`) : errorPage(await errorView(lookup, error));
}

/** Leads to what was typed: an error ID in any spelling, or a trace ID. */
function find(text: string): Answer {
  const parsed = parseErrorId(text);
  if (parsed.ok) return redirect(`/errors/${parsed.id}`);
  const trace = text.trim().toLowerCase();
  if (/^[0-9a-f]{32}$/.test(trace)) return redirect(`/traces/${trace}`);
  throw new CliError(EXIT.usage, 'usage', parsed.reason === 'check' ? 'not a Sonde error ID: one symbol is wrong' : 'neither an error ID nor a trace ID');
}

function redirect(location: string): Answer {
  return { status: 303, headers: { location }, body: '', type: 'text/plain' };
}

function notFound(message: string): never {
  throw new CliError(EXIT.notFound, 'not_found', message);
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return '';
  }
}

function inHttp(error: unknown): { status: number; message: string } {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof CliError) return { status: error.exit === EXIT.notFound ? 404 : error.exit === EXIT.usage ? 400 : 503, message };
  if (error instanceof RangeError && message.startsWith('Cannot ')) return { status: 400, message };
  if (error instanceof StoreError) return { status: 503, message };
  return { status: 500, message: 'something unexpected happened' };
}
