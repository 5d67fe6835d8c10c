// Durations as people write them in manifests.

const UNITS: readonly [name: string, seconds: number][] = [
  ['h', 3600],
  ['m', 60],
  ['s', 1],
];

/** Seconds as `1h30m`. */
export function durationText(seconds: number): string {
  let left = Math.round(seconds * 1000) / 1000;
  const parts = UNITS.flatMap(([unit, size]) => {
    const count = unit === 's' ? Math.round(left * 1000) / 1000 : Math.floor(left / size);
    left -= count * size;
    return count === 0 ? [] : [`${count}${unit}`];
  });
  return parts.length === 0 ? '0s' : parts.join('');
}
