import { openDatabase } from '../../store/sqlite.ts';
import { bad, type Finding, ok } from './finding.ts';

/** The Node and its SQLite. */
export function checkNode(): Finding[] {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const node =
    major > 20 || (major === 20 && minor >= 19)
      ? ok('node', `Node ${process.versions.node}`)
      : bad('node', `Node ${process.versions.node} is too old: install 20.19 or later`);
  return [node, checkSqlite()];
}

function checkSqlite(): Finding {
  try {
    const db = openDatabase(':memory:', { readOnly: false, busyMs: 100 });
    const version = db.prepare('SELECT sqlite_version() AS version').get()?.['version'];
    db.close();
    return ok('sqlite', `SQLite ${String(version)}`);
  } catch (error) {
    return bad('sqlite', `the store cannot be opened: ${(error as Error).message}; reinstall, so that @photostructure/sqlite has its binary for this platform`);
  }
}
