// Logs as JSON lines on stderr, without credentials.
import { systemClock } from '../ports/clock.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log, LogFields, LogLevel } from '../ports/log.ts';
import type { Secrecy } from '../ports/secrecy.ts';
import { withoutCredentials } from '../secrecy/credentials.ts';

const ORDER: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];
const SECRET_FIELD = /^(authorization|password|token|secret|privatekey|private_key|cookie)$/i;
const MAX_DEPTH = 6;
/** Characters of one text of a line. */
const LONGEST = 16_384;

export interface LogOptions {
  /** The least that is written. Default info. */
  level?: LogLevel;
  /** Where a line goes. Default stderr. */
  write?: (line: string) => void;
  clock?: Clock;
  /** Taken out of every line. */
  secrets?: Pick<Secrecy, 'scrub'>;
}

/** Never throws: what cannot be written as JSON is described instead. */
export function jsonLog(options: LogOptions = {}): Log {
  const least = ORDER.indexOf(options.level ?? 'info');
  const write = options.write ?? ((line: string) => void process.stderr.write(line));
  const clock = options.clock ?? systemClock;
  // Cut twice: what is cut off first may have been half of a secret.
  const scrub = (value: string): string => options.secrets?.scrub(value) ?? withoutCredentials(value);
  const text = (value: string): string => cut(scrub(cut(value, 2 * LONGEST)), LONGEST);
  const at =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}): void => {
      if (ORDER.indexOf(level) < least) return;
      const time = new Date(clock.now()).toISOString();
      const clean: Clean = { text, stacks: least === 0 || level === 'error' };
      write(`${JSON.stringify({ time, level, message: clean.text(message), ...cleanFields(fields, clean) })}\n`);
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

const cut = (text: string, length: number): string => (text.length > length ? `${text.slice(0, length)}…` : text);

interface Clean {
  text: (value: string) => string;
  /** Whether errors that are no bug are shown with their stack. */
  stacks: boolean;
}

const RESERVED = new Set(['time', 'level', 'message']);

function cleanFields(fields: LogFields, clean: Clean): LogFields {
  const named: LogFields = {};
  for (const [name, value] of Object.entries(fields)) {
    named[RESERVED.has(name) ? `field_${name}` : clean.text(name)] = cleanNamed(name, value, { clean, depth: 0 });
  }
  return named;
}

interface At {
  clean: Clean;
  depth: number;
}

const cleanNamed = (name: string, value: unknown, at: At): unknown =>
  SECRET_FIELD.test(name) ? '***' : cleanValue(value, at);

function cleanValue(value: unknown, { clean, depth }: At): unknown {
  if (typeof value === 'string') return clean.text(value);
  if (typeof value === 'bigint' || typeof value === 'symbol' || typeof value === 'function')
    return clean.text(String(value));
  if (value instanceof Error) return clean.text(told(value, clean.stacks));
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= MAX_DEPTH) return '…';
  const below = { clean, depth: depth + 1 };
  if (Array.isArray(value)) return value.map((each) => cleanValue(each, below));
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [clean.text(name), cleanNamed(name, each, below)]),
  );
}

const BUGS = [TypeError, ReferenceError, RangeError];

/** A stack says where a bug is; what a user wrote or the outside did is said by the message. */
function told(error: Error, stacks: boolean): string {
  const isBug = BUGS.some((kind) => error instanceof kind);
  return stacks || isBug ? (error.stack ?? error.message) : `${error.name}: ${error.message}`;
}
