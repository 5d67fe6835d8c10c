// The message of a commit that restores what was stable, and what its trailers say to those who read it later.
import type { Hold } from '../../api/application.ts';
import { shortCommit, type RevisionRef } from '../../api/revision.ts';
import { oneLine } from '../../ledger/text.ts';

export interface Reverted {
  hold: Hold;
  /** Lines of what was measured; empty for nothing. */
  evidence: string;
}

const MAX_PATHS = 100;
const MAX_NAMES = 3;
/** Of all evidence together. */
const MAX_EVIDENCE = 49_152;

/** One message for all Rollouts that one commit broke. */
export function revertMessage(reverted: readonly Reverted[], paths: readonly string[]): string {
  const more = paths.length - MAX_PATHS;
  return [
    subjectOf(reverted),
    '',
    ...reverted.flatMap((each) => paragraph(each)),
    filesLine(reverted),
    ...paths.slice(0, MAX_PATHS).map((path) => `  ${path}`),
    ...(more > 0 ? [`  and ${more} more`] : []),
    ...measured(reverted),
    '',
    ...reverted.flatMap(({ hold }) => trailers(hold)),
    '',
  ].join('\n');
}

function subjectOf(reverted: readonly Reverted[]): string {
  const [first] = reverted;
  if (reverted.length === 1 && first)
    return `Revert ${first.hold.rollout.name} to ${shortCommit(first.hold.stable?.commit ?? '')}: ${oneLine(first.hold.reason, 72)}`;
  const names = reverted.slice(0, MAX_NAMES).map(({ hold }) => hold.rollout.name);
  const more = reverted.length - names.length;
  const rejected = shortCommit(first?.hold.rejected.commit ?? '');
  return `Revert ${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}: ${rejected} was rejected`;
}

function paragraph({ hold }: Reverted): string[] {
  const { name, namespace } = hold.rollout;
  return [
    `Rollout ${namespace}/${name} rejected what ${describe(hold.rejected)} declared.`,
    `Reason: ${oneLine(hold.reason, 500)}`,
  ];
}

function filesLine(reverted: readonly Reverted[]): string {
  const [first] = reverted;
  return reverted.length === 1 && first
    ? `These files declare again what ${describe(first.hold.stable)} did:`
    : 'These files declare again what was stable:';
}

function measured(reverted: readonly Reverted[]): string[] {
  const lines: string[] = [];
  let left = MAX_EVIDENCE;
  for (const { hold, evidence } of reverted) {
    if (evidence === '' || evidence.length > left) continue;
    left -= evidence.length;
    lines.push('', reverted.length === 1 ? 'Measured:' : `Measured for ${hold.rollout.name}:`, evidence);
  }
  return lines;
}

function trailers(hold: Hold): string[] {
  return [
    `Sluice-Rollout: ${hold.rollout.namespace}/${hold.rollout.name}`,
    `Sluice-Rejected: ${hold.rejected.commit}`,
    `Sluice-Restored: ${hold.stable?.commit ?? ''}`,
    `Sluice-Reason: ${oneLine(hold.reason, 200)}`,
  ];
}

function describe(revision: RevisionRef | undefined): string {
  if (!revision) return 'an earlier commit';
  const subject = revision.subject === undefined ? '' : ` (${oneLine(revision.subject, 72)})`;
  return `${shortCommit(revision.commit)}${subject}`;
}

/** What a commit says it restored. */
export interface Restoration {
  /** `namespace/name` */
  rollout: string;
  rejected: string;
  restored: string;
  reason?: string;
}

/** Of each Rollout that the trailers of a message name. */
export function restorationsIn(message: string): Restoration[] {
  const found: Partial<Restoration>[] = [];
  for (const [, name, value = ''] of message.matchAll(/^Sluice-(Rollout|Rejected|Restored|Reason): (.+)$/gm)) {
    if (name === 'Rollout') found.push({ rollout: value.trim() });
    const last = found.at(-1);
    if (!last) continue;
    if (name === 'Rejected') last.rejected = value.trim();
    else if (name === 'Restored') last.restored = value.trim();
    else if (name === 'Reason') last.reason = value.trim();
  }
  return found.filter(
    (each): each is Restoration =>
      each.rollout !== undefined && each.rejected !== undefined && each.restored !== undefined,
  );
}
