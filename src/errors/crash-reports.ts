import { readdirSync, readFileSync, rmdirSync, statSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { warn } from '../core/diag.ts';
import { safeMessage } from '../core/json.ts';
import { makeFolder } from '../core/make-folder.ts';
import type { ErrorRecord, JsonValue } from '../core/records.ts';
import { resource } from '../core/resource.ts';
import { mintErrorId } from './error-id.ts';
import { isRunning } from './journal-reader.ts';

const NAME = /^report\.\d+\.\d+\.(\d+)\..*\.json$/;
const MAX_BYTES = 32 * 1024 * 1024; // one is 20 to 200 kB; a bigger file is none of ours
const MAX_REPORTS = 20; // a process that dies at every start leaves many alike
const MAX_FOLDER = 200; // characters of its name; file systems take 255 bytes
const STALE_MS = 30 * 86_400_000; // an empty folder of a release that nobody runs any more
/** What Node's report does not say of the process: it stands in the name of the folder, in this order. */
const TOLD = ['service.name', 'service.version', 'deployment.environment.name'] as const;

/**
 * Lets Node write a diagnostic report when the process dies where no JavaScript can run any more: the heap is full, a
 * fatal error of V8. Programs that have their own settings for reports keep them. Returns what undoes it.
 */
export function enableCrashReports(dir: string): () => void {
  const { report } = process as { report?: NodeJS.ProcessReport & { excludeEnv?: boolean; excludeNetwork?: boolean } };
  if (report === undefined || report.reportOnFatalError || report.directory !== '') return () => undefined;
  const folder = join(dir, 'reports', folderName());
  try {
    makeFolder(folder);
  } catch {
    return () => undefined; // the journal says that the folder cannot be written
  }
  report.directory = folder;
  report.reportOnFatalError = true;
  report.excludeNetwork = true; // it looks names up, for seconds
  report.excludeEnv = true; // secrets stand there; Node before 22.13 ignores it, and the file is deleted when it was read
  return () => {
    report.directory = '';
    report.reportOnFatalError = false;
  };
}

/** Makes records of the reports that earlier processes left, hands them to `take`, and deletes each that was taken. */
export function adoptCrashReports(dir: string, take: (record: ErrorRecord) => boolean): void {
  const root = join(dir, 'reports');
  adoptFolder(root, {}, take);
  for (const name of listFolders(root)) {
    const folder = join(root, name);
    adoptFolder(folder, processOf(name), take);
    if (name !== folderName()) removeStale(folder);
  }
}

/** The process that writes its reports into a folder, as its name: another release, or another service, adopts them. */
function folderName(): string {
  const name = TOLD.map((key) => encodeURIComponent(String(resource[key] ?? ''))).join('@');
  return name.length <= MAX_FOLDER ? name : '';
}

function processOf(name: string): Record<string, JsonValue> {
  const told: Record<string, JsonValue> = {};
  try {
    name.split('@').forEach((text, i) => {
      const key = TOLD[i];
      if (key !== undefined && text !== '') told[key] = decodeURIComponent(text);
    });
  } catch {
    // somebody else's folder
  }
  return told;
}

function listFolders(root: string): string[] {
  try {
    return readdirSync(root, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && entry.name.split('@').length === TOLD.length)
      .map((entry) => entry.name);
  } catch {
    return [];
  }
}

function removeStale(folder: string): void {
  try {
    if (Date.now() - statSync(folder).mtimeMs > STALE_MS) rmdirSync(folder);
  } catch {
    // it holds a report, or another process removed it
  }
}

function adoptFolder(folder: string, told: Record<string, JsonValue>, take: (record: ErrorRecord) => boolean): void {
  for (const name of listReports(folder)) {
    const path = join(folder, name);
    try {
      const { size, mtimeMs } = statSync(path);
      const pid = Number(NAME.exec(name)?.[1]);
      if (size > MAX_BYTES || isRunning(pid, mtimeMs)) continue; // it is being written, or is somebody else's
      const record = crashRecord(JSON.parse(readFileSync(path, 'utf8')), told);
      if (record === undefined || take(record)) unlinkSync(path);
    } catch (error) {
      warn('crash-report', `cannot read the diagnostic report ${path}: ${safeMessage(error)}; delete it or read it yourself`);
    }
  }
}

function listReports(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => NAME.test(name))
      .sort()
      .slice(-MAX_REPORTS);
  } catch {
    return [];
  }
}

interface DiagnosticReport {
  readonly header?: {
    readonly event?: unknown;
    readonly trigger?: unknown;
    readonly dumpEventTimeStamp?: unknown;
    readonly processId?: unknown;
    readonly nodejsVersion?: unknown;
  };
  readonly javascriptStack?: { readonly stack?: unknown };
  readonly javascriptHeap?: Readonly<Record<string, unknown>>;
  readonly resourceUsage?: Readonly<Record<string, unknown>>;
}

/** The error record of a process that died in V8, of which `told` is known besides; `undefined` where the report is of something else. */
export function crashRecord(report: DiagnosticReport, told: Readonly<Record<string, JsonValue>> = {}, nowMs: number = Date.now()): ErrorRecord | undefined {
  const { header, javascriptHeap = {}, resourceUsage = {} } = report;
  if (typeof header?.event !== 'string' || (header.trigger !== 'FatalError' && header.trigger !== 'OOMError')) return undefined;
  const timeMs = Number(header.dumpEventTimeStamp) || nowMs;
  const type = /out of memory/i.test(header.event) ? 'OutOfMemoryError' : 'FatalError';
  const context: Record<string, JsonValue> = {};
  const add = (key: string, value: unknown): void => {
    if (typeof value === 'number' || typeof value === 'string') context[key] = value;
  };
  add('process.pid', header.processId);
  add('process.runtime.version', header.nodejsVersion);
  add('process.memory.heap_used', javascriptHeap['usedMemory']);
  add('process.memory.heap_limit', javascriptHeap['memoryLimit'] ?? javascriptHeap['heapSizeLimit']);
  add('process.memory.rss', resourceUsage['rss'] ?? resourceUsage['maxRss']);
  const own = { ...(resource as Record<string, JsonValue>) };
  delete own['service.instance.id']; // this process's
  if (told['service.name'] !== undefined) for (const key of TOLD) delete own[key];
  return {
    ...own,
    ...told,
    ...context,
    timestamp: new Date(timeMs).toISOString(),
    observed_timestamp: new Date(nowMs).toISOString(),
    level: 'fatal',
    severity_number: 21,
    message: header.event,
    'event.name': 'exception',
    logger: 'errors',
    'exception.type': type,
    'exception.message': header.event,
    'exception.stacktrace': `${type}: ${header.event}\n${framesOf(report)}`,
    'error.id': mintErrorId(timeMs),
    'error.type': type,
    'sonde.error.kind': 'bug',
    'sonde.error.handled': false,
    'sonde.error.mechanism': 'fatalError',
  } as unknown as ErrorRecord;
}

/** V8 seldom knows the JavaScript stack of a full heap. */
function framesOf({ javascriptStack }: DiagnosticReport): string {
  const frames = Array.isArray(javascriptStack?.stack) ? javascriptStack.stack.filter((line) => typeof line === 'string' && line.startsWith('at ')) : [];
  return frames.length === 0 ? '    [no stack: the process died in V8]' : frames.map((line) => `    ${String(line)}`).join('\n');
}
