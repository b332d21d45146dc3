import { type Html, html } from '../../admin/html.ts';
import type { Profile, ProfileFrame } from './decode.ts';
import { totalOf } from './hottest.ts';

const ROW_PX = 18;
const MIN_SHARE = 0.000_5; // narrower than half a pixel on a wide screen
const MAX_DEPTH = 200; // rows; deeper is a recursion

interface Node {
  readonly frame: ProfileFrame;
  readonly children: Map<string, Node>;
  value: number;
}

/** A profile as a flame graph in one HTML file, without scripts: callers above what they call, wide is costly. */
export function flameGraph(profile: Profile, title: string, amount: (value: number) => string): string {
  const root = flameTree(profile);
  const total = Math.max(totalOf(profile), 1);
  const boxes: Html[] = [];
  let depths = 1;
  const open: { node: Node; depth: number; left: number }[] = [{ node: root, depth: 0, left: 0 }];
  for (let item = open.pop(); item; item = open.pop()) {
    const { node, depth, left } = item;
    depths = Math.max(depths, depth + 1);
    boxes.push(box(node, depth, left, total, amount));
    let at = left;
    for (const child of [...node.children.values()].sort((a, b) => b.value - a.value)) {
      if (child.value / total >= MIN_SHARE && depth < MAX_DEPTH) open.push({ node: child, depth: depth + 1, left: at });
      at += child.value / total;
    }
  }
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${title}</title><style>${{ html: STYLE }}</style></head>
<body><h1>${title}</h1><p>${amount(total)} of ${profile.type}; a box tells its function, place and cost when you point at it.</p>
<div id="flame" style="height:${depths * ROW_PX}px">${boxes}</div></body></html>
`.html;
}

const STYLE = `body{font:14px system-ui,sans-serif;margin:1rem}#flame{position:relative}
#flame div{position:absolute;height:${ROW_PX - 1}px;overflow:hidden;white-space:nowrap;font:11px/${ROW_PX - 1}px ui-monospace,monospace;padding:0 3px;box-sizing:border-box;color:#000;border-radius:2px}
#flame div:hover{outline:2px solid #000}`;

function box({ frame, value }: Node, depth: number, left: number, total: number, amount: (value: number) => string): Html {
  const share = (value / total) * 100;
  const place = frame.file ? ` ${frame.file}:${frame.line}` : '';
  const style = `top:${depth * ROW_PX}px;left:${(left * 100).toFixed(3)}%;width:${share.toFixed(3)}%;background:hsl(${hue(frame)} 75% 68%)`;
  return html`<div style="${style}" title="${frame.name}${place}: ${amount(value)}, ${share.toFixed(1)} %">${frame.name}</div>`;
}

/** The same file has the same colour: Node's own are cool, the program's and its packages' warm. */
function hue({ file }: ProfileFrame): number {
  let hash = 0;
  for (const char of file) hash = (hash * 31 + char.charCodeAt(0)) % 60;
  return file === '' || file.startsWith('node:') ? 190 + hash : hash;
}

function flameTree(profile: Profile): Node {
  const root: Node = { frame: { name: 'all', file: '', line: 0 }, children: new Map(), value: 0 };
  for (const { stack, value } of profile.samples) {
    root.value += value;
    let node = root;
    for (let i = stack.length - 1; i >= 0; i--) {
      const frame = stack[i] as ProfileFrame;
      const key = `${frame.name}\n${frame.file}`;
      let child = node.children.get(key);
      if (child === undefined) {
        child = { frame, children: new Map(), value: 0 };
        node.children.set(key, child);
      }
      child.value += value;
      node = child;
    }
  }
  return root;
}
