import type { LevelState as AdminLevel, Levels, LoggerState } from '../admin/deps.ts';
import { clearLevel, getLevel, type LevelState, listLeases, listLoggers, setLevel } from '../logs/levels.ts';

const ROOT = 'root';

/** The levels of the logs layer, as the admin handler asks for them. */
export const adminLevels: Levels = {
  get(name): AdminLevel {
    const { level, expiresAtMs, revertsTo } = getLevel(name);
    return { level, expiresAtMs, revertsTo };
  },
  set(name, level, change) {
    setLevel(name, level, change);
  },
  clear(name, change) {
    clearLevel(name, change);
  },
  list: () => listLoggers().loggers.map(stateOf),
  groups: () => listLoggers().groups,
  leases: () => listLeases(),
};

function stateOf({ name, configured, level, expiresAtMs, revertsTo }: LevelState): LoggerState {
  return { name: name === ROOT ? '' : name, configured, effective: level, expiresAtMs, revertsTo };
}
