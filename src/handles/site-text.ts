import { findSourceMap } from 'node:module';
import { symbolicateStack } from '../errors/symbolicate.ts';
import type { Site } from './origin.ts';

const texts = new WeakMap<Site, string>();

/**
 * The place as people look for it: `file:line:column` of the source, by the maps that are there. Read when somebody looks, once a
 * site; a map on disk takes a millisecond or so.
 */
export function siteText(site: Site): string {
  let text = texts.get(site);
  if (text === undefined) {
    // A hook that knows no map of the file prints the position as it is.
    text = site.mapped !== undefined && site.mapped !== site.text ? site.mapped : mapped(site);
    texts.set(site, text);
  }
  return text;
}

function mapped(site: Site): string {
  try {
    const loaded = findSourceMap(site.file)?.findEntry(site.line - 1, site.column - 1);
    if (loaded && 'originalSource' in loaded) return `${stripFile(loaded.originalSource)}:${loaded.originalLine + 1}:${loaded.originalColumn + 1}`;
    return symbolicateStack(`    at ${site.text}`).slice(7);
  } catch {
    return site.text; // a broken map: the generated position is right too
  }
}

function stripFile(address: string): string {
  return address.startsWith('file://') ? decodeURIComponent(new URL(address).pathname) : address;
}
