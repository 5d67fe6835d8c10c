// What the metrics said about a revision, and the texts that carry it into Git: commit messages and notes.
import type { AnalysisRun, MetricResult } from '../../api/analysis.ts';
import type { Hold } from '../../api/application.ts';
import { POD_TEMPLATE_HASH } from '../../api/names.ts';
import { shortCommit, type RevisionRef } from '../../api/revision.ts';

/** Measurements quoted per metric, newest last. */
const MAX_MEASUREMENTS = 10;

/** The runs of one revision of one Rollout, oldest first. */
export function runsOf(
  runs: readonly AnalysisRun[],
  rollout: { namespace: string; name: string },
  podHash: string | undefined,
): AnalysisRun[] {
  return runs
    .filter(({ metadata }) => metadata.namespace === rollout.namespace)
    .filter(({ metadata }) => podHash !== undefined && metadata.labels?.[POD_TEMPLATE_HASH] === podHash)
    .filter(
      ({ metadata }) =>
        metadata.ownerReferences?.some(({ kind, name }) => kind === 'Rollout' && name === rollout.name) ?? true,
    )
    .sort((a, b) => (startOf(a) < startOf(b) ? -1 : 1));
}

const startOf = (run: AnalysisRun): string => run.status?.startedAt ?? run.metadata.creationTimestamp ?? '';

/** One line per metric and its measurements, without a trailing newline; empty when nothing was measured. */
export function evidenceOf(runs: readonly AnalysisRun[]): string {
  return runs.flatMap((run) => (run.status?.metricResults ?? []).flatMap((result) => linesOf(run, result))).join('\n');
}

function linesOf(run: AnalysisRun, result: MetricResult): string[] {
  const metric = run.spec.metrics.find(({ name }) => name === result.name);
  const counts = [
    `${result.successful ?? 0} good`,
    `${result.failed ?? 0} bad`,
    `${result.inconclusive ?? 0} inconclusive`,
    `${result.error ?? 0} errors`,
  ];
  const condition = [
    metric?.successCondition && `good when ${metric.successCondition}`,
    metric?.failureCondition && `bad when ${metric.failureCondition}`,
  ].filter((part) => part !== undefined && part !== '');
  const values = (result.measurements ?? [])
    .slice(-MAX_MEASUREMENTS)
    .map((one) => `${one.value ?? '-'} (${one.phase})`);
  return [
    `${run.metadata.name}: ${result.name} ${result.phase}: ${counts.join(', ')}`,
    ...(condition.length > 0 ? [`  ${condition.join(', ')}`] : []),
    ...(values.length > 0 ? [`  measured: ${values.join(', ')}`] : []),
  ];
}

/** One line, at most `max` characters, for subjects and trailers. */
export function oneLine(text: string, max: number): string {
  const flat = text.replaceAll(/\s+/g, ' ').trim();
  return flat.length > max ? `${flat.slice(0, max - 1)}…` : flat;
}

/** Message of the commit that restores the stable revision's files. */
export function revertMessage(hold: Hold, paths: readonly string[], runs: readonly AnalysisRun[]): string {
  const { name, namespace } = hold.rollout;
  const restored = hold.stable?.commit ?? '';
  const evidence = evidenceOf(runs);
  return [
    `Revert ${name} to ${shortCommit(restored)}: ${oneLine(hold.reason, 72)}`,
    '',
    `Rollout ${namespace}/${name} rejected what ${describe(hold.rejected)} declared.`,
    `Reason: ${oneLine(hold.reason, 500)}`,
    `These files declare again what ${describe(hold.stable)} did:`,
    ...paths.map((path) => `  ${path}`),
    ...(evidence === '' ? [] : ['', 'Measured:', evidence]),
    '',
    `Sluice-Rollout: ${namespace}/${name}`,
    `Sluice-Rejected: ${hold.rejected.commit}`,
    `Sluice-Restored: ${restored}`,
    `Sluice-Reason: ${oneLine(hold.reason, 200)}`,
    '',
  ].join('\n');
}

function describe(revision: RevisionRef | undefined): string {
  if (!revision) return 'an earlier commit';
  const subject = revision.subject === undefined ? '' : ` (${oneLine(revision.subject, 72)})`;
  return `${shortCommit(revision.commit)}${subject}`;
}

export interface NoteInput {
  app: string;
  rollout: string;
  outcome: string;
  /** RFC 3339. */
  at: string;
  reason?: string;
  related?: Record<string, string>;
  evidence: string;
}

/** First line of a note's section: the same for the same news, so that it is written once. */
export const noteTitle = (note: Pick<NoteInput, 'app' | 'rollout' | 'outcome'>): string =>
  `${note.outcome}: Rollout ${note.rollout} (Application ${note.app})`;

/** A section of a note: what became of the commit, and the evidence. */
export function noteText(note: NoteInput): string {
  return [
    noteTitle(note),
    `At: ${note.at}`,
    ...(note.reason === undefined ? [] : [`Reason: ${oneLine(note.reason, 500)}`]),
    ...Object.entries(note.related ?? {}).map(([name, value]) => `${name}: ${value}`),
    ...(note.evidence === '' ? ['Evidence: nothing was measured'] : ['Evidence:', note.evidence]),
    '',
  ].join('\n');
}
