import { existsSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import { OWN_FOLDER } from '../../../core/package-paths.ts';
import { wrongUsage } from '../../exit-codes.ts';

/** The folder of the package, which holds the stack that ships. */
export const PACKAGE_ROOT = join(OWN_FOLDER, '..', sep);
/** What the stack is made of, below its folder. */
export const STACK_FILES: readonly string[] = ['docker-compose.yml', '.env.example', 'collector', 'grafana'];

/** The folder of the stack: the one that was named, else this one if it holds the stack, else the one in the package. */
export function stackRoot(named: string | undefined): string {
  if (named !== undefined) {
    if (!isStack(named)) throw wrongUsage(`Cannot use "${named}" as the folder of the stack: expected docker-compose.yml and collector/config.yaml in it`);
    return resolve(named);
  }
  return isStack('.') ? resolve('.') : PACKAGE_ROOT;
}

/** Is this the copy in an installed package? What is written there is gone with the next install. */
export function isInstalled(root: string): boolean {
  return resolve(root) === resolve(PACKAGE_ROOT) && root.split(sep).includes('node_modules');
}

function isStack(dir: string): boolean {
  return existsSync(join(dir, 'docker-compose.yml')) && existsSync(join(dir, 'collector', 'config.yaml'));
}
