import { relative, sep } from 'node:path';
import { formatMs } from '../core/duration.ts';
import type { HandleInfo } from './handle-info.ts';

const MAX_SHOWN = 20; // a screen of leaks; the rest is counted

/** What was left open, for people: each handle with the line that opened it and the call that closes it. */
export function leakMessage(handles: readonly HandleInfo[], where = ''): string {
  const head = `${handles.length} ${handles.length === 1 ? 'handle was' : 'handles were'} left open${where}:`;
  const more = handles.length > MAX_SHOWN ? [`  and ${handles.length - MAX_SHOWN} more`] : [];
  return [head, ...handles.slice(0, MAX_SHOWN).map(describeHandle), ...more].join('\n');
}

/** One handle in two lines. */
export function describeHandle(handle: HandleInfo): string {
  const what = [handle.type, handle.detail].filter(Boolean).join(' ');
  const facts = [`opened ${openedAt(handle)}${by(handle)}`, `${formatMs(handle.ageMs)} ago`, handle.holdsProcess ? 'holds the process' : '', handle.note ?? ''];
  return `  ${what}, ${facts.filter(Boolean).join(', ')}\n    close it with ${handle.close}`;
}

function openedAt(handle: HandleInfo): string {
  return handle.site === undefined || handle.site === 'node' ? 'at a place that was not captured' : `at ${shortSite(handle.site)}`;
}

function by(handle: HandleInfo): string {
  const owner = handle.owner === undefined ? '' : ` in ${handle.owner}`;
  return handle.package === 'app' || handle.package === 'unknown' || handle.package === 'node' ? owner : `${owner} by the package ${handle.package}`;
}

/** A site below the working directory without it. */
export function shortSite(site: string): string {
  const short = relative(process.cwd(), site);
  return short.startsWith('..') || short === '' ? site : short.split(sep).join('/');
}
