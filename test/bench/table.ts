// Text in columns for a terminal.
export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

/** Each column as wide as its widest cell, two spaces between; no spaces at the end of a line. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const lines = [columns.map((column) => column.title), ...rows];
  const widths = columns.map((_, at) => Math.max(...lines.map((line) => (line[at] ?? '').length)));
  const cell = (text: string, at: number): string =>
    columns[at]?.align === 'right' ? text.padStart(widths[at] ?? 0) : text.padEnd(widths[at] ?? 0);
  return lines
    .map((line) =>
      columns
        .map((_, at) => cell(line[at] ?? '', at))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Three digits that tell something: 8.42, 84.2, 842. */
export function digits(value: number): string {
  const size = Math.abs(value);
  if (!Number.isFinite(value)) return '-';
  return value.toFixed(size >= 100 || value === 0 ? 0 : size >= 10 ? 1 : 2);
}
