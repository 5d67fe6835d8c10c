// The short table at the end of the demo.
import { shortCommit } from '../../api/revision.ts';
import type { Ending } from './play.ts';
import type { Telling } from './strategies.ts';

function columns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

const ms = (value: number | undefined): string => (value === undefined ? '-' : `${Math.round(value)} ms`);

export function table(ending: Ending, telling: Telling): string {
  const rows = ending.chapters.map((c, i) => [
    `v${i + 1}`,
    shortCommit(c.commit),
    `${c.tookS.toFixed(1)} s`,
    ms(c.firstWeightMs),
    c.outcome,
  ]);
  const indented = (text: string): string =>
    text
      .trim()
      .split('\n')
      .map((line) => `    ${line}`)
      .join('\n');
  return [
    columns([['', 'commit', 'took', telling.firstTraffic, 'outcome'], ...rows]),
    '',
    `${telling.badToGone}: ${ms(ending.badSampleToZeroMs)}`,
    `requests through the data plane: ${ending.requests.total}, of which ${ending.requests.failed} failed (all of them v3's)`,
    '',
    `commit ${shortCommit(ending.revertCommit)} on main restores the files:`,
    indented(ending.revertMessage),
    '',
    `git notes --ref=sluice show ${shortCommit(ending.chapters[2]?.commit ?? '')}:`,
    indented(ending.note.replaceAll(/^Record: .*$/gm, 'Record: {…}')),
  ].join('\n');
}
