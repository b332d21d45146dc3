import type { HandleRow } from '../deps.ts';
import { type Place, ProfileBuilder } from './profile-builder.ts';

/** Writes the open handles in pprof's format: how many by owner, place of creation and kind; Go's `goroutine` page. */
export function encodeHandles(handles: readonly HandleRow[], nowMs: number): Buffer {
  const count = { type: 'handle', unit: 'count' };
  const builder = new ProfileBuilder({ values: [count], startMs: nowMs, durationMs: 0, periodType: count, period: 1 });
  const groups = new Map<string, { stack: Place[]; kind: string; count: number }>();
  for (const handle of handles) {
    const owner = typeof handle.owner === 'string' ? handle.owner : undefined;
    const key = `${handle.kind} ${handle.site ?? ''} ${owner ?? ''}`;
    const group = groups.get(key);
    if (group) group.count++;
    else
      groups.set(key, {
        stack: [{ name: handle.kind, file: '', line: 0 }, ...siteOf(handle.site), ...(owner === undefined ? [] : [{ name: owner, file: '', line: 0 }])],
        kind: handle.kind,
        count: 1,
      });
  }
  for (const { stack, kind, count: open } of groups.values()) builder.sample(stack, [open], { kind });
  return builder.finish();
}

function siteOf(site: string | undefined): Place[] {
  if (site === undefined) return [];
  const match = /^(.*?):(\d+)(?::\d+)?$/.exec(site);
  return [{ name: site, file: match?.[1] ?? site, line: Number(match?.[2] ?? 0) }];
}
