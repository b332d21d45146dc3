import { htmlAnswer, json } from './answer.ts';
import { html, page } from './html.ts';
import { type Route, wantsJson } from './route.ts';

/** `/debug/config`: the configuration in force, without its secrets. */
export const configRoute: Route = {
  path: '/debug/config',
  methods: ['GET', 'HEAD'],
  isPage: true,
  answer(context) {
    const shown = masked(context.deps.config(), '');
    if (wantsJson(context)) return json(200, shown);
    return htmlAnswer(200, page('Configuration', context.up, html`<pre>${JSON.stringify(shown, null, 2)}</pre>`));
  },
};

const SECRET = /token|secret|password|passwd|authorization|api[-_.]?key|credential|cookie/i;
/** Values below these names are secrets whatever they are called: headers carry keys under any name. */
const SECRET_PARENTS = new Set(['headers']);

function masked(value: unknown, key: string, parent = ''): unknown {
  if (value === undefined) return undefined;
  if (SECRET_PARENTS.has(parent) || (SECRET.test(key) && (typeof value === 'string' || typeof value === 'number'))) return '[masked]';
  if (typeof value === 'function') return '[function]';
  if (typeof value === 'string') return value.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#@]*@/i, '$1[masked]@');
  if (Array.isArray(value)) return value.map((item) => masked(item, key, parent));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, masked(item, name, key)]));
}
