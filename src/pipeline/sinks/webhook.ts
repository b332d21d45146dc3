import { readdirSync, readFileSync, renameSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { clock, type TimerHandle } from '../../core/clock.ts';
import { resolved, warn } from '../../core/diag.ts';
import { safeMessage } from '../../core/json.ts';
import { makeFolder } from '../../core/make-folder.ts';
import type { ErrorRecord } from '../../core/records.ts';
import { isRunning } from '../../errors/journal-reader.ts';
import { signReport } from '../../errors/webhook-signature.ts';
import { locked } from './folder-lock.ts';
import { Poster, type PostResult } from './http-post.ts';
import type { Sink } from './sink.ts';
import { decide, type FingerprintState } from './webhook-limit.ts';
import type { WebhookOptions } from './webhook-options.ts';

const TIMEOUT_MS = 10_000; // a tracker that makes an issue takes a second or two
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 300_000;
const MAX_WAITING = 500; // deliveries on disk, about 2 MB; the oldest are given up and counted
const MAX_TRIES = 20; // about an hour and a half of pauses
const SAVE_MS = 1_000;
const MAX_FINGERPRINTS = 1_000; // bugs of one service that a tracker could still care for
const MAX_TOLD = 200; // failures that may still be wrapped and recorded again: a request's worth

/** Tells bugs to a webhook, beside what the sink does with the records. Deliveries wait on disk until they are answered. */
export function tellBugs(sink: Sink, dir: string, options: WebhookOptions): Sink {
  const webhook = new Webhook(join(dir, 'webhook'), options);
  return {
    spans: (rows, part) => sink.spans(rows, part),
    logs: (logs, part) => sink.logs(logs, part),
    metrics: (snapshots, part) => sink.metrics(snapshots, part),
    errors(errors, part) {
      for (const record of errors) webhook.offer(record);
      sink.errors(errors, part);
    },
    async flush(untilMono, mode) {
      await Promise.all([sink.flush(untilMono, mode), webhook.flush(untilMono)]);
    },
    close() {
      webhook.close();
      sink.close();
    },
  };
}

class Webhook {
  readonly #folder: string;
  readonly #options: WebhookOptions;
  readonly #poster = new Poster();
  readonly #limits = new Map<string, FingerprintState>();
  #limitsSeen = '';
  readonly #told = new Set<string>();
  #waiting: string[];
  #tries = 0;
  #busy: Promise<void> | undefined;
  #retry: TimerHandle | undefined;
  #save: TimerHandle | undefined;
  #closed = false;

  constructor(folder: string, options: WebhookOptions) {
    this.#folder = folder;
    this.#options = options;
    this.#learnLimits();
    this.#waiting = listWaiting(folder);
    if (this.#waiting.length > 0) this.#start();
  }

  get #limitsPath(): string {
    return join(this.#folder, 'limits.json');
  }

  /** Takes a record; known edge cases and what was told a moment ago end here. */
  offer(record: ErrorRecord): void {
    const fingerprint = record['sonde.error.fingerprint'];
    const id = record['error.id'];
    if (record['sonde.error.kind'] !== 'bug' || !fingerprint || this.#told.has(id)) return;
    // The compact record of a storm has no stack to tell; its whole one was offered before.
    const everyMs = record['exception.stacktrace'] === undefined ? Number.POSITIVE_INFINITY : this.#options.everyMs;
    const isDue = decide(this.#limits.get(fingerprint), everyMs, clock.now()).deliver !== undefined;
    if (isDue) this.#alone(() => this.#count(record, fingerprint, everyMs));
    else this.#count(record, fingerprint, everyMs);
  }

  /** Other processes of the service meet the same bug at the same moment: one looks and tells at a time. */
  #alone(fn: () => void): void {
    try {
      makeFolder(this.#folder);
    } catch {
      // #put says it
    }
    locked(join(this.#folder, 'limits.lock'), () => {
      this.#learnLimits();
      fn();
    });
  }

  #count(record: ErrorRecord, fingerprint: string, everyMs: number): void {
    const id = record['error.id'];
    const known = this.#limits.get(fingerprint);
    if (known === undefined && everyMs === Number.POSITIVE_INFINITY) return;
    const { next, deliver } = decide(known, everyMs, clock.now());
    this.#limits.delete(fingerprint);
    this.#limits.set(fingerprint, next); // the longest silent one is the first to be forgotten
    if (this.#limits.size > MAX_FINGERPRINTS) this.#limits.delete(this.#limits.keys().next().value as string);
    this.#saveSoon();
    if (!deliver) return;
    this.#saveNow(); // before another process meets the same bug
    this.#told.add(id); // a wrapper's record under the same ID is the same failure
    if (this.#told.size > MAX_TOLD) this.#told.delete(this.#told.values().next().value as string);
    this.#put(record, payload(record, deliver));
  }

  #put(record: ErrorRecord, body: string): void {
    const name = `${String(Math.floor(clock.now())).padStart(15, '0')}-${process.pid}-${record['error.id']}.json`;
    try {
      makeFolder(this.#folder);
      writeFileSync(join(this.#folder, `${name}.new`), body, { mode: 0o600 });
      renameSync(join(this.#folder, `${name}.new`), join(this.#folder, name));
    } catch (error) {
      warn('webhook-spool', `cannot keep a bug report in ${this.#folder}: ${safeMessage(error)}; it is not told to ${hostOf(this.#options.url)}`);
      return;
    }
    this.#waiting.push(name);
    while (this.#waiting.length > MAX_WAITING) {
      this.#drop(this.#waiting[0] as string);
      warn('webhook-full', `more than ${MAX_WAITING} bug reports wait for ${hostOf(this.#options.url)}; the oldest are given up`);
    }
    this.#start();
  }

  #start(): void {
    if (this.#busy || this.#retry !== undefined || this.#closed) return;
    this.#busy = this.#send().finally(() => {
      this.#busy = undefined;
      if (this.#waiting.length > 0) this.#pause();
    });
  }

  async #send(): Promise<void> {
    while (this.#waiting.length > 0 && !this.#closed) {
      const name = this.#waiting[0] as string;
      const body = readText(join(this.#folder, name));
      if (body === undefined) {
        this.#drop(name);
        continue;
      }
      const result = await this.#post(name, body);
      if (!isFinal(result)) {
        if (++this.#tries < MAX_TRIES) return this.#sayDown(result);
        warn('webhook-given-up', `cannot tell a bug to ${hostOf(this.#options.url)} after ${MAX_TRIES} tries; its record is found by its ID all the same`);
      } else if (result.status >= 400) {
        warn('webhook-refused', `${hostOf(this.#options.url)} refuses bug reports with status ${result.status}: check report.url and report.secret`);
      } else resolved('webhook-down', `${hostOf(this.#options.url)} takes bug reports again`);
      this.#tries = 0;
      this.#drop(name);
    }
  }

  #post(name: string, body: string): Promise<PostResult> {
    const { url, secret } = this.#options;
    const headers: Record<string, string> = {
      'content-type': 'application/json',
      'user-agent': 'sonde',
      'x-sonde-event': 'bug',
      'x-sonde-delivery': NAME.exec(name)?.[3] ?? name,
    };
    if (secret !== undefined) headers['x-sonde-signature'] = signReport(body, secret, clock.now());
    return this.#poster.post({ url: new URL(url), headers, body: Buffer.from(body), timeoutMs: TIMEOUT_MS });
  }

  #sayDown(result: PostResult): void {
    const reason = result.kind === 'failed' ? result.reason : `status ${result.status}`;
    warn('webhook-down', `cannot tell bugs to ${hostOf(this.#options.url)}: ${reason}; reports wait in ${this.#folder} and are sent later`);
  }

  #pause(): void {
    if (this.#closed || this.#retry !== undefined) return;
    this.#retry = clock.setTimeout(
      () => {
        this.#retry = undefined;
        this.#start();
      },
      Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#tries),
    );
  }

  /** At the end: one attempt within the limit; what is left is on disk for the next start. */
  async flush(untilMono: number): Promise<void> {
    this.#saveNow();
    if (this.#tries === 0) this.#start();
    const leftMs = Math.max(0, untilMono - clock.mono());
    let timer: TimerHandle | undefined;
    await Promise.race([this.#busy, new Promise<void>((resolve) => (timer = clock.setTimeout(resolve, leftMs)))]);
    if (timer !== undefined) clock.clearTimeout(timer);
  }

  close(): void {
    this.#closed = true;
    if (this.#retry !== undefined) clock.clearTimeout(this.#retry);
    this.#saveNow();
    this.#poster.close();
  }

  #drop(name: string): void {
    this.#waiting = this.#waiting.filter((other) => other !== name);
    try {
      unlinkSync(join(this.#folder, name));
    } catch {
      // another process has told it
    }
  }

  #saveSoon(): void {
    this.#save ??= clock.setTimeout(() => this.#saveNow(), SAVE_MS);
  }

  #saveNow(): void {
    if (this.#save === undefined) return;
    clock.clearTimeout(this.#save);
    this.#save = undefined;
    try {
      makeFolder(this.#folder);
      this.#learnLimits();
      const path = `${this.#limitsPath}.${process.pid}.${threadId}`;
      writeFileSync(path, JSON.stringify([...this.#limits]), { mode: 0o600 });
      renameSync(path, this.#limitsPath);
    } catch {
      // After a restart a bug may be told once more.
    }
  }

  /** Joins what this process knows with what is on disk, where another process may have written. */
  #learnLimits(): void {
    const seen = stampOf(this.#limitsPath);
    if (seen === this.#limitsSeen) return;
    this.#limitsSeen = seen;
    for (const [fingerprint, theirs] of readLimits(this.#limitsPath)) {
      const ours = this.#limits.get(fingerprint);
      if (ours === undefined || theirs.sentMs > ours.sentMs)
        this.#limits.set(fingerprint, { sentMs: theirs.sentMs, since: Math.max(theirs.since, ours?.since ?? 0) });
    }
  }
}

/** Whether the answer settles the delivery: taken, or refused for good. */
function isFinal(result: PostResult): result is PostResult & { kind: 'answer' } {
  return result.kind === 'answer' && result.status < 500 && result.status !== 408 && result.status !== 429;
}

/** What a tracker needs to open an issue, and the whole record. */
function payload(record: ErrorRecord, { occurrences, isFirst }: { readonly occurrences: number; readonly isFirst: boolean }): string {
  const text = (key: string): unknown => record[key] ?? null;
  return JSON.stringify({
    event: 'bug',
    title: `${record['error.type']}: ${record.message.split('\n', 1)[0]?.slice(0, 200)}`,
    fingerprint: record['sonde.error.fingerprint'],
    first: isFirst,
    occurrences,
    errorId: record['error.id'],
    timestamp: record.timestamp,
    service: text('service.name'),
    release: text('service.version'),
    environment: text('deployment.environment.name'),
    owner: text('sonde.error.owner'),
    boundary: text('sonde.error.boundary'),
    traceId: record.trace_id ?? null,
    instance: `/debug/errors/${record['error.id']}`,
    record,
  });
}

function hostOf(url: string): string {
  return new URL(url).host;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

const NAME = /^(\d{15})-(\d{1,10})-([0-9A-Z-]{19})\.json$/;

/** What processes that are gone have not told. */
function listWaiting(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => {
        const match = NAME.exec(name);
        return match !== null && !isRunning(Number(match[2]), Number(match[1]));
      })
      .sort();
  } catch {
    return [];
  }
}

/** Tells one state of a file from another: each is a new file. */
function stampOf(path: string): string {
  try {
    const { mtimeMs, ino, size } = statSync(path);
    return `${mtimeMs} ${ino} ${size}`;
  } catch {
    return '';
  }
}

function readLimits(path: string): Map<string, FingerprintState> {
  try {
    const value: unknown = JSON.parse(readText(path) ?? '[]');
    const entries = Array.isArray(value) ? (value as [string, FingerprintState][]) : [];
    return new Map(
      entries
        .filter(([fingerprint, state]) => typeof fingerprint === 'string' && Number.isFinite(state.sentMs) && Number.isFinite(state.since))
        .slice(-MAX_FINGERPRINTS),
    );
  } catch {
    return new Map();
  }
}
