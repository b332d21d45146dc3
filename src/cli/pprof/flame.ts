import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { html } from '../../admin/html.ts';
import { OWN_URL } from '../../core/package-paths.ts';
import { functionAt, functionKey, type Profile, type ProfileFrame } from './decode.ts';
import { packageOf } from './package-of.ts';

const MIN_SHARE = 0.000_5; // narrower than half a pixel on a wide screen
const MAX_DEPTH = 200; // rows; deeper is a recursion
const MAX_PACKAGES = 12; // of the legend

/** A box of the graph, as `scripts/flame-page.browser.mjs` reads it. */
interface Box {
  readonly name: string;
  /** `file:line`, or nothing. */
  readonly at: string;
  readonly package: string;
  value: number;
  amount: string;
  children: Box[];
}

/**
 * A profile as a flame graph in one HTML file that loads nothing: callers above what they call, wide is costly; with
 * search, zoom and a colour a package. The page's own script is the only one that may run in it.
 */
export function flameGraph(profile: Profile, title: string, amount: (value: number) => string): string {
  const root = flameTree(profile);
  const packages = costsOfPackages(profile);
  const total = Math.max(root.value, 1);
  prune(root, total, amount);
  const legend = [...packages]
    .sort(([, a], [, b]) => b - a)
    .slice(0, MAX_PACKAGES)
    .map(([name, cost]) => ({ name, share: `${((100 * cost) / total).toFixed(1)} %` }));
  const script = readFileSync(new URL('cli/pprof/flame-page.min.js', OWN_URL), 'utf8');
  const policy = `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${createHash('sha256').update(script).digest('base64')}'`;
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="content-security-policy" content="${policy}"><title>${title}</title><style>${{ html: STYLE }}</style></head>
<body><h1>${title}</h1><p>${amount(total)} of ${profile.type}. A click on a box zooms in, Escape goes back; boxes below ${MIN_SHARE * 100} % are left out.</p>
<p><input id="search" type="search" placeholder="function, file or package:name" size="40"> <button id="reset">reset</button> <span id="packages"></span></p>
<p id="details"></p><div id="flame"><noscript>The graph needs scripts; sonde profile prints the hottest functions without any.</noscript></div>
<script type="application/json" id="profile">${{ html: inert(JSON.stringify({ root, packages: legend })) }}</script><script>${{ html: script }}</script></body></html>
`.html;
}

const STYLE = `body{font:14px system-ui,sans-serif;margin:1rem}h1{font-size:1.2rem}p{margin:.5rem 0}button{border:1px solid #0003;border-radius:3px;font:inherit;font-size:12px}
#details{height:1.3em;overflow:hidden;white-space:nowrap;text-overflow:ellipsis;font:12px ui-monospace,monospace}
.d3-flame-graph rect{stroke:#fff;stroke-width:.6}.d3-flame-graph .frame{cursor:pointer}.d3-flame-graph .fade{opacity:.5}
.d3-flame-graph-label{font:11px/18px ui-monospace,monospace;color:#000;padding:0 3px;overflow:hidden;white-space:nowrap;text-overflow:ellipsis;pointer-events:none}`;

/** JSON that cannot end the element that it stands in. */
function inert(json: string): string {
  return json.replace(/[<\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function flameTree(profile: Profile): Box {
  const root = box({ name: 'all', file: '', line: 0 });
  const below = new Map<Box, Map<string, Box>>();
  for (const { stack, value } of profile.samples) {
    root.value += value;
    let at = root;
    for (let i = stack.length - 1; i >= Math.max(0, stack.length - MAX_DEPTH); i--) {
      at = childOf(at, stack[i] as ProfileFrame, below);
      at.value += value;
    }
  }
  return root;
}

function childOf(parent: Box, frame: ProfileFrame, below: Map<Box, Map<string, Box>>): Box {
  const siblings = below.get(parent) ?? new Map<string, Box>();
  below.set(parent, siblings);
  const key = functionKey(frame);
  let child = siblings.get(key);
  if (child === undefined) {
    child = box(frame);
    siblings.set(key, child);
    parent.children.push(child);
  }
  return child;
}

function box(frame: ProfileFrame): Box {
  return { name: frame.name, at: functionAt(frame), package: packageOf(frame.file), value: 0, amount: '', children: [] };
}

/** Leaves out what nobody could see, and says the amounts of the rest. */
function prune(root: Box, total: number, amount: (value: number) => string): void {
  const open = [root];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    at.amount = amount(at.value);
    at.children = at.children.filter(({ value }) => value / total >= MIN_SHARE);
    open.push(...at.children);
  }
}

/** What the functions of each package cost by themselves. */
function costsOfPackages({ samples }: Profile): Map<string, number> {
  const costs = new Map<string, number>();
  for (const { stack, value } of samples) {
    const name = packageOf(stack[0]?.file ?? '');
    costs.set(name, (costs.get(name) ?? 0) + value);
  }
  return costs;
}
