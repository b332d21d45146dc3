import { clock } from '../core/clock.ts';
import { formatMs } from '../core/duration.ts';
import { type LevelChanged, levelChanged } from '../core/events.ts';
import { fieldsText } from './fields.ts';
import { utcText } from './json-text.ts';
import { writeLine } from './writer.ts';

/** Writes one line for every change of a level, whatever level holds. Returns what ends it. */
export function auditLevels(): () => void {
  return levelChanged.subscribe((change) => {
    const fields = {
      'event.name': 'log.level.changed',
      'log.level.logger': change.logger,
      'log.level.old': change.old,
      'log.level.new': change.new,
      'log.level.ttl_ms': change.ttlMs,
      'log.level.reason': change.reason,
      'log.level.actor': change.actor,
      'log.level.scope': change.scope,
      'client.address': change.remoteAddress,
    };
    writeLine('info', `,"timestamp":"${utcText(clock.now())}","logger":"sonde.levels"${fieldsText(fields)}`, sentence(change), []);
  });
}

function sentence(change: LevelChanged): string {
  const time = change.ttlMs === undefined ? '' : ` for ${formatMs(change.ttlMs)}`;
  const reason = change.reason === undefined ? '' : `: ${change.reason.slice(0, 200)}`;
  const where = change.scope === undefined ? '' : ` for ${change.scope.slice(0, 200)}`;
  return `level of ${change.logger}${where} is ${change.new}, was ${change.old}${time}${reason}`;
}
