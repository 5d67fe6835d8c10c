// Windows: when a commit that changes something may be applied, by the Application's own word and by that of policies. Pure.
import type { ApplicationStatus } from '../../api/application.ts';
import { present } from '../../api/json.ts';
import { lastManagerOf } from '../../api/managed-fields.ts';
import { OVERRIDE_WINDOW } from '../../api/names.ts';
import type { Closure } from '../../api/release-policy.ts';
import { shortCommit } from '../../api/revision.ts';
import { closedAt, describeClosed } from '../../api/windows.ts';
import { toTime } from '../../ports/clock.ts';
import type { Declared, Seen } from '../seen.ts';
import type { Waiting } from './waiting.ts';

export type Override = NonNullable<ApplicationStatus['overrides']>[number];

const COMMIT_AND_REASON = /^([0-9a-f]{7,40})\s+(\S.*)$/s;
const MAX_REASON = 1024;

/** Undefined where the commit may be applied now; or why not, or who has it applied all the same. */
export function atWindows(seen: Seen, { commit }: Declared): Waiting | Override | undefined {
  const closed = closureOf(seen);
  if (closed === undefined) return undefined;
  const { text, until: dueAt } = closed;
  if (closed.kind === 'stop') return { text: `is not applied: ${text}`, isStuck: false, toLook: [] };
  const asked = askedFor(seen, commit.oid);
  if (typeof asked === 'object') return { ...asked, at: toTime(seen.now) };
  const hint = `; to have it applied now, annotate ${OVERRIDE_WINDOW}="${shortCommit(commit.oid)} REASON"${asked}`;
  return { text: `waits for ${text}${hint}`, isStuck: false, toLook: [], dueAt };
}

/** A stop goes before all windows. */
function closureOf({ app, closed, now }: Seen): Closure | undefined {
  if (closed) return closed;
  const own = closedAt(app.spec.sync?.windows ?? [], now);
  return own && { kind: 'window', text: `spec.sync.windows: ${describeClosed(own)}`, until: own.until };
}

/** Whoever may push can have a commit begin as another does: what has let one in lets in no other. */
const letInBy = (reason: string, named: string, { overrides = [] }: ApplicationStatus): Override | undefined =>
  overrides.find((one) => one.commit.startsWith(named) && one.reason === reason.slice(0, MAX_REASON));

/** Who lets this commit in; or what of the annotation is not understood, for people. */
function askedFor({ app, status }: Seen, commit: string): Omit<Override, 'at'> | string {
  const text = app.metadata.annotations?.[OVERRIDE_WINDOW];
  if (text === undefined) return '';
  const [, named = '', reason] = COMMIT_AND_REASON.exec(text.trim()) ?? [];
  if (reason === undefined) return ' (the annotation names no commit, or no reason)';
  if (!commit.startsWith(named)) return ` (the annotation names ${shortCommit(named)})`;
  const other = letInBy(reason, named, status)?.commit ?? commit;
  if (other !== commit) return ` (the annotation has let ${other} in already)`;
  const by = lastManagerOf(app, ['metadata', 'annotations', OVERRIDE_WINDOW]);
  return { commit, reason: reason.slice(0, MAX_REASON), ...present({ by }) };
}
