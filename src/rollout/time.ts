// Times as a status holds them: RFC 3339 in UTC.

/** To the second, as Kubernetes writes its own. */
export const time = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

/** To the millisecond: for deadlines, which must not come early. */
export const exactTime = (ms: number): string => new Date(ms).toISOString();

/**
 * Pods tell to the second when they were made. From the next whole one on, those that were made before a moment can be told from those
 * that were made after it.
 */
export const nextSecond = (ms: number): number => Math.ceil(ms / 1000) * 1000;

/** Milliseconds since the epoch; undefined for what is no time. */
export function parseTime(text: string | undefined): number | undefined {
  const ms = text === undefined ? NaN : Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}
