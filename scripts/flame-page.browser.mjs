// What runs in the page of `sonde profile --flame`: d3-flame-graph with search, zoom and colours by package.
// `node scripts/flame-page.mjs` makes src/cli/pprof/flame-page.min.js of it.
import flamegraph from 'd3-flame-graph';
import { select } from 'd3-selection';

const byId = (id) => document.getElementById(id);
const { root, packages } = JSON.parse(byId('profile').textContent);

const FIXED = { app: 'hsl(28 90% 66%)', node: 'hsl(205 35% 72%)', native: 'hsl(0 0% 78%)' };
const FOUND = '#e600e6';

/** A package has the same colour in every graph. */
function colourOf(name) {
  if (Object.hasOwn(FIXED, name)) return FIXED[name];
  let hash = 0;
  for (const char of name) hash = (hash * 31 + char.charCodeAt(0)) % 9_973;
  return `hsl(${60 + (hash % 280)} ${45 + (hash % 3) * 12}% ${66 + (hash % 2) * 6}%)`;
}

const describe = ({ data }) => `${data.name}${data.at ? ` (${data.at})` : ''}: ${data.amount}, ${((100 * data.value) / root.value).toFixed(1)} %`;
const details = byId('details');
const input = byId('search');

const chart = flamegraph()
  .cellHeight(18)
  .minFrameSize(1)
  .transitionDuration(200)
  .inverted(true)
  .sort((a, b) => b.value - a.value)
  .setColorMapper((d) => (d.highlight ? FOUND : colourOf(d.data.package)))
  .setLabelHandler(describe)
  .setSearchMatch(({ data }, term) =>
    term.startsWith('package:') ? data.package === term.slice(8) : `${data.name} ${data.at}`.toLowerCase().includes(term.toLowerCase()),
  )
  .setSearchHandler((found, sum, total) => {
    details.textContent = `${found.length} boxes, ${((100 * sum) / total).toFixed(1)} % of the whole`;
  })
  .onHover((d) => {
    details.textContent = describe(d);
  });

function draw() {
  select('#flame').selectAll('*').remove();
  chart.width(byId('flame').clientWidth);
  select('#flame').datum(structuredClone(root)).call(chart);
  find();
}

function find() {
  if (input.value) chart.search(input.value);
  else {
    chart.clear();
    details.textContent = '';
  }
}

function reset() {
  input.value = '';
  find();
  chart.resetZoom();
}

for (const { name, share } of packages) {
  const button = document.createElement('button');
  button.textContent = `${name} ${share}`;
  button.style.background = colourOf(name);
  button.addEventListener('click', () => {
    input.value = `package:${name}`;
    find();
  });
  byId('packages').append(button);
}
input.addEventListener('input', find);
byId('reset').addEventListener('click', reset);
addEventListener('keydown', ({ key }) => {
  if (key === 'Escape') reset();
});
addEventListener('resize', draw);
draw();
