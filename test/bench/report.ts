// The outcome in words and columns, and as data.
import { FIGURES, judge, type Figure } from './figures.ts';
import type { Result } from './race.ts';
import { summarise } from './statistics.ts';
import { digits, table, type Column } from './table.ts';
import type { Writes } from './write-counts.ts';

export interface ReportRow {
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  readonly own: readonly number[];
  readonly median: number;
  readonly peer: readonly number[] | undefined;
  readonly peerMedian: number | undefined;
  /** Own median over the peer's. */
  readonly ratio: number | undefined;
  readonly budget: string;
  readonly met: boolean | undefined;
}

export function rowsOf(own: Result, peer: Result | undefined, fleet: number): ReportRow[] {
  return FIGURES.flatMap((figure: Figure) => {
    const values = own.measured[figure.id];
    if (values === undefined || values.length === 0) return [];
    const peerValues = peer?.measured[figure.id];
    const { median } = summarise(values);
    const peerMedian = peerValues === undefined ? undefined : summarise(peerValues).median;
    return [
      {
        id: figure.id,
        title: figure.title,
        unit: figure.unit,
        own: values,
        median,
        peer: peerValues,
        peerMedian,
        ratio: peerMedian === undefined || peerMedian === 0 ? undefined : median / peerMedian,
        ...judge(figure.budget, median, peerMedian, fleet),
      },
    ];
  });
}

const verdict = (met: boolean | undefined): string => (met === undefined ? '' : met ? 'met' : 'NOT MET');

function valueText(values: readonly number[]): string {
  const { median, least, most, count } = summarise(values);
  return count === 1 ? digits(median) : `${digits(median)} (${digits(least)}-${digits(most)})`;
}

export function figuresTable(rows: readonly ReportRow[], peer: string | undefined): string {
  const right = (title: string): Column => ({ title, align: 'right' });
  const columns = [
    { title: 'figure' },
    { title: 'unit' },
    right('sluice'),
    ...(peer === undefined ? [] : [right(peer), right('ratio')]),
    right('budget'),
    { title: '' },
  ];
  return table(
    columns,
    rows.map((row) => [
      row.title,
      row.unit,
      valueText(row.own),
      ...(peer === undefined
        ? []
        : [row.peer ? valueText(row.peer) : '', row.ratio === undefined ? '' : `${digits(row.ratio)}×`]),
      row.budget,
      verdict(row.met),
    ]),
  );
}

export function writesTable(writes: readonly Writes[], fleet: number): string {
  const total = writes.reduce((sum, w) => sum + w.count, 0);
  const rows = writes.map((w) => [w.writer, w.kind, (w.count / fleet).toFixed(2)]);
  return table(
    [{ title: 'writer' }, { title: 'write' }, { title: 'per rollout', align: 'right' }],
    [...rows, ['', 'together', (total / fleet).toFixed(2)]],
  );
}
