import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { warn } from '../../core/diag.ts';
import { tryDurationMs } from '../../core/duration.ts';
import { nodeHttp } from '../../core/node-http.ts';

/** Reads one kind of value, from the text of a variable or from an option; `undefined` where it does not fit. */
export interface Reader<T> {
  /** Completes "expected ...". */
  readonly expected: string;
  readonly read: (value: unknown) => T | undefined;
}

const MAX_TEXT = 4_096; // longer than any name or path that was meant

export const text: Reader<string> = {
  expected: 'a text that is not empty',
  read: (value) => (typeof value === 'string' && value.trim() !== '' && value.length <= MAX_TEXT ? value.trim() : undefined),
};

export const yesNo: Reader<boolean> = {
  expected: 'true or false',
  read(value) {
    if (typeof value === 'boolean') return value;
    if (typeof value !== 'string') return undefined;
    const lower = value.trim().toLowerCase();
    if (lower === 'true' || lower === '1' || lower === 'yes' || lower === 'on') return true;
    if (lower === 'false' || lower === '0' || lower === 'no' || lower === 'off') return false;
    return undefined;
  },
};

/** OpenTelemetry's booleans: `true` in any case is true; whatever else is false, and is said where it was meant otherwise. */
export const otelBoolean: Reader<boolean> = {
  expected: 'true or false',
  read(value) {
    const lower = String(value).trim().toLowerCase();
    if (lower !== 'true' && lower !== 'false' && lower !== '')
      warn(
        'otel-boolean',
        `OTEL_SDK_DISABLED is ${JSON.stringify(String(value).slice(0, 80))}, which OpenTelemetry reads as false; write "true" to switch off`,
      );
    return lower === 'true';
  },
};

/** A whole number between two bounds. */
export function whole(min: number, max: number, what = 'a whole number'): Reader<number> {
  return {
    expected: `${what} from ${min} to ${max}`,
    read(value) {
      const number = typeof value === 'string' && /^\s*\d{1,15}\s*$/.test(value) ? Number(value) : value;
      return typeof number === 'number' && Number.isInteger(number) && number >= min && number <= max ? number : undefined;
    },
  };
}

export const port: Reader<number> = whole(0, 65_535, 'a port');

export const ratio: Reader<number> = {
  expected: 'a number from 0 to 1',
  read(value) {
    const number = typeof value === 'string' && /^\s*\d*\.?\d+\s*$/.test(value) ? Number(value) : value;
    return typeof number === 'number' && number >= 0 && number <= 1 ? number : undefined;
  },
};

/** A duration with its unit, as milliseconds. */
export const duration: Reader<number> = {
  expected: 'a duration with its unit, such as "250ms", "2s" or "7d"',
  read: tryDurationMs,
};

/** The OpenTelemetry variables give durations as bare milliseconds. */
export const otelMillis: Reader<number> = whole(0, 86_400_000, 'milliseconds');

export const httpUrl: Reader<string> = {
  expected: 'an http:// or https:// URL',
  read(value) {
    if (typeof value !== 'string') return undefined;
    try {
      const url = new URL(value.trim());
      return url.protocol === 'http:' || url.protocol === 'https:' ? url.href : undefined;
    } catch {
      return undefined;
    }
  },
};

/** One of some words, case ignored; a table maps aliases. */
export function word<T extends string>(words: Readonly<Record<string, T>>): Reader<T> {
  return {
    expected: `one of ${[...new Set(Object.keys(words))].join(', ')}`,
    read(value) {
      if (typeof value !== 'string') return undefined;
      const lower = value.trim().toLowerCase();
      return Object.hasOwn(words, lower) ? words[lower] : undefined;
    },
  };
}

/** `key=value,key2=value2`, percent-encoded as in W3C baggage: the form of `OTEL_RESOURCE_ATTRIBUTES` and the OTLP headers. */
export const pairs: Reader<Record<string, string>> = {
  expected: 'a list such as key=value,key2=value2',
  read(value) {
    const out: Record<string, string> = Object.create(null);
    if (isRecord(value)) {
      for (const [key, item] of Object.entries(value)) {
        if (typeof item !== 'string' && typeof item !== 'number' && typeof item !== 'boolean') return undefined;
        out[key] = String(item);
      }
      return out;
    }
    if (typeof value !== 'string') return undefined;
    for (const member of value.split(',')) {
      if (member.trim() === '') continue;
      const equals = member.indexOf('=');
      if (equals < 1) return undefined;
      try {
        out[decodeURIComponent(member.slice(0, equals).trim())] = decodeURIComponent(member.slice(equals + 1).trim());
      } catch {
        return undefined;
      }
    }
    return out;
  },
};

/** {@link pairs} that can be sent as headers: one that cannot would fail with every request. */
export const otlpHeaders: Reader<Record<string, string>> = {
  expected: `${pairs.expected}, of names and values that a header may have`,
  read(value) {
    const headers = pairs.read(value);
    try {
      const { validateHeaderName, validateHeaderValue } = nodeHttp();
      for (const [name, item] of Object.entries(headers ?? {})) {
        validateHeaderName(name);
        validateHeaderValue(name, item);
      }
      return headers;
    } catch {
      return undefined;
    }
  },
};

/** The path of a PEM file, made absolute. */
export const pemFile: Reader<string> = {
  expected: 'the path of a PEM file that can be read',
  read(value) {
    if (typeof value !== 'string') return undefined;
    const path = resolve(value.trim());
    try {
      return readFileSync(path, 'latin1').includes('-----BEGIN ') ? path : undefined;
    } catch {
      return undefined;
    }
  },
};

/** A list of words, from an array or from text with commas. */
export function words<T extends string>(one: Reader<T>): Reader<readonly T[]> {
  return {
    expected: `a list of ${one.expected.replace(/^one of /, '')}`,
    read(value) {
      const items = typeof value === 'string' ? value.split(',').filter((item) => item.trim() !== '') : value;
      if (!Array.isArray(items)) return undefined;
      const out: T[] = [];
      for (const item of items) {
        const known = one.read(item);
        if (known === undefined) return undefined;
        out.push(known);
      }
      return out;
    },
  };
}

/** A function that the application gives. */
export function callable<T>(): Reader<T> {
  return { expected: 'a function', read: (value) => (typeof value === 'function' ? (value as T) : undefined) };
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
