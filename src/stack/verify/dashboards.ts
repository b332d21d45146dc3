import type { InferOutput } from 'valibot';
import { leadsNowhere } from './links.ts';
import type { DASHBOARD } from './shapes/grafana.ts';

type Dashboard = InferOutput<typeof DASHBOARD>;

/** What a schema does not see: IDs twice, panels that overlap or leave the grid, sources and variables that do not exist. */
export function dashboardProblems(dashboard: Dashboard, sources: ReadonlySet<string>): string[] {
  const problems: string[] = [];
  const ids = new Set<number>();
  const cells = new Set<string>();
  const variables = new Set(dashboard.templating.list.map((variable) => variable.name));
  for (const panel of dashboard.panels) {
    if (ids.has(panel.id)) problems.push(`panel "${panel.title}": the ID ${panel.id} is taken`);
    ids.add(panel.id);
    const { x, y, w, h } = panel.gridPos;
    if (x < 0 || x + w > 24) problems.push(`panel "${panel.title}": leaves the grid of 24 columns`);
    if (overlaps(cells, x, y, w, h)) problems.push(`panel "${panel.title}": overlaps another panel`);
    for (const target of panel.targets ?? [])
      problems.push(...leadsNowhere('data source', target.datasource.uid, sources).map((problem) => `panel "${panel.title}": ${problem}`));
    for (const [, name = ''] of JSON.stringify(panel.targets ?? []).matchAll(/\$\{?([a-zA-Z]\w*)/g)) {
      if (!variables.has(name)) problems.push(`panel "${panel.title}": there is no variable "$${name}"`);
    }
  }
  return [...new Set(problems)];
}

function overlaps(cells: Set<string>, x: number, y: number, w: number, h: number): boolean {
  let taken = false;
  for (let column = x; column < x + w; column++) {
    for (let row = y; row < y + h; row++) {
      const cell = `${column},${row}`;
      taken ||= cells.has(cell);
      cells.add(cell);
    }
  }
  return taken;
}
