// Logs: a constant message and keyed values; one JSON line each. info: a state changed; warn: an outside system misbehaves;
// error: a bug of ours. A user's mistake is a condition and an Event instead. Never a secret.

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type LogFields = Record<string, unknown>;

export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };
