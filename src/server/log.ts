// Logs as JSON lines on stderr, without credentials.
import { systemClock } from '../ports/clock.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log, LogFields, LogLevel } from '../ports/log.ts';

const ORDER: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];
const URL_CREDENTIALS = /\b([a-z][a-z0-9+.-]*:\/\/)[^\s/?#@]*(?::[^\s/?#]*)?@/gi;
const AUTHORIZATION = /\b(Bearer|Basic)\s+[A-Za-z0-9+/=._~-]{8,}/g;
const QUERY_SECRET = /([?&](?:access_token|private_token|token|password|secret|api_key|apikey)=)[^&#\s"]+/gi;
const SECRET_FIELD = /^(authorization|password|token|secret|privatekey|private_key|cookie)$/i;
const MAX_DEPTH = 6;

export interface LogOptions {
  /** The least that is written. Default info. */
  level?: LogLevel;
  /** Where a line goes. Default stderr. */
  write?: (line: string) => void;
  clock?: Clock;
}

/** Never throws: what cannot be written as JSON is described instead. */
export function jsonLog(options: LogOptions = {}): Log {
  const least = ORDER.indexOf(options.level ?? 'info');
  const write = options.write ?? ((line: string) => void process.stderr.write(line));
  const clock = options.clock ?? systemClock;
  const at =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}): void => {
      if (ORDER.indexOf(level) < least) return;
      const time = new Date(clock.now()).toISOString();
      write(`${JSON.stringify({ time, level, message: scrub(message), ...cleanFields(fields) })}\n`);
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** Reads a level as a person writes it. Throws with the words that are understood. */
export function parseLevel(text: string): LogLevel {
  const level = ORDER.find((each) => each === text.toLowerCase());
  if (level === undefined) throw new Error(`log level "${text}" is not known: use ${ORDER.join(', ')}`);
  return level;
}

/** Takes credentials out of a text: in URLs, Authorization values and query parameters. */
export function scrub(text: string): string {
  return text.replace(URL_CREDENTIALS, '$1***@').replace(AUTHORIZATION, '$1 ***').replace(QUERY_SECRET, '$1***');
}

const RESERVED = new Set(['time', 'level', 'message']);

function cleanFields(fields: LogFields): LogFields {
  const clean: LogFields = {};
  for (const [name, value] of Object.entries(fields)) {
    clean[RESERVED.has(name) ? `field_${name}` : name] = SECRET_FIELD.test(name) ? '***' : cleanValue(value, 0);
  }
  return clean;
}

function cleanValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return scrub(value);
  if (typeof value === 'bigint' || typeof value === 'symbol' || typeof value === 'function') return String(value);
  if (value instanceof Error) return scrub(value.stack ?? value.message);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= MAX_DEPTH) return '…';
  if (Array.isArray(value)) return value.map((each) => cleanValue(each, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, SECRET_FIELD.test(name) ? '***' : cleanValue(each, depth + 1)]),
  );
}
