// The name that was likely meant where somebody wrote one that is not there.

/** The name that is nearest to one that is not there; undefined where none is near. */
export function nearest(name: string, names: readonly string[]): string | undefined {
  const within = Math.max(1, Math.floor(name.length / 3));
  let best: { name: string; distance: number } | undefined;
  for (const each of names.slice(0, 1000)) {
    if (Math.abs(each.length - name.length) > within || each.length > 100) continue;
    const distance = distanceOf(name.toLowerCase(), each.toLowerCase());
    if (distance <= within && distance < (best?.distance ?? Infinity)) best = { name: each, distance };
  }
  return best?.name;
}

/** Edits from one text to another: a letter more, less, other, or two exchanged. */
function distanceOf(a: string, b: string): number {
  let [before, last]: [number[], number[]] = [[], Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const other = a[i - 1] === b[j - 1] ? 0 : 1;
      const isExchanged = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const exchanged = isExchanged ? costAt(before, j - 2) + 1 : Infinity;
      row.push(Math.min(costAt(last, j) + 1, costAt(row, j - 1) + 1, costAt(last, j - 1) + other, exchanged));
    }
    [before, last] = [last, row];
  }
  return costAt(last, b.length);
}

const costAt = (row: readonly number[], column: number): number => row[column] ?? Infinity;
