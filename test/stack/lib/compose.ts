import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

const COMPOSE = fileURLToPath(new URL('../../../docker-compose.yml', import.meta.url));

/** The arguments that docker-compose.yml gives a server, so that the tests run it as `docker compose up` does; `paths` are its folders here. */
export function composeCommand(service: string, paths: Readonly<Record<string, string>>): string[] {
  const { services } = parse(readFileSync(COMPOSE, 'utf8'), { merge: true }) as { services: Record<string, { command: string[] } | undefined> };
  const command = services[service]?.command;
  if (!command) throw new Error(`Cannot start ${service}: docker-compose.yml gives it no command`);
  return command.map((argument) => inPlace(argument, paths));
}

/** An argument such as `--config.file=/etc/prometheus/prometheus.yml` with the longest folder of the container replaced. */
function inPlace(argument: string, paths: Readonly<Record<string, string>>): string {
  const [flag = '', value] = argument.split(/=(.*)/s);
  if (!value) return argument;
  const inside = Object.keys(paths)
    .filter((path) => value === path || value.startsWith(`${path}/`))
    .sort((a, b) => b.length - a.length)[0];
  return inside === undefined ? argument : `${flag}=${paths[inside]}${value.slice(inside.length)}`;
}
