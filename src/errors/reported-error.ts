import type { ErrorReported } from '../core/events.ts';
import type { ErrorRecord } from '../core/records.ts';
import type { Scope } from '../core/scope.ts';
import type { Classification } from './classify.ts';
import type { RecordLine } from './record.ts';

/** What listeners are told of an error. The record itself is read from its line for those who ask: most need its type or its text. */
export class ReportedError implements ErrorReported {
  readonly id: string;
  readonly error: unknown;
  readonly boundary: string;
  readonly scope: Scope;
  readonly #classification: Classification;
  readonly #written: RecordLine;
  #record: ErrorRecord | undefined;

  constructor(id: string, classification: Classification, written: RecordLine, error: unknown, boundary: string, scope: Scope) {
    this.id = id;
    this.error = error;
    this.boundary = boundary;
    this.scope = scope;
    this.#classification = classification;
    this.#written = written;
  }

  get type(): string {
    return this.#classification.type;
  }

  get kind(): ErrorReported['kind'] {
    return this.#classification.kind;
  }

  get severity(): ErrorReported['severity'] {
    return this.#classification.severity;
  }

  get level(): ErrorReported['level'] {
    return this.#written.level;
  }

  get logger(): string {
    return this.#written.logger;
  }

  get traceId(): string | undefined {
    return this.#written.traceId;
  }

  get line(): string {
    return this.#written.line;
  }

  get record(): ErrorRecord {
    this.#record ??= JSON.parse(this.#written.line) as ErrorRecord;
    return this.#record;
  }
}
