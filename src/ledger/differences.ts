// What differs between what Git declares and the cluster, as the agent has found it: the status of an Application, told by object.
import type { Application, ApplicationStatus, Hold, ResourceStatus } from '../api/application.ts';
import { nameOf } from '../api/object-key.ts';
import { shortCommit } from '../api/revision.ts';
import { timeOf } from './collect.ts';
import { shownTime } from './zone.ts';

export interface Differences {
  /** The newest commit is not what is applied, and why. */
  commit?: { applied: string | undefined; newest: string | undefined; why: string };
  /** Objects that are not as they are declared. */
  resources: Pick<ResourceStatus, 'group' | 'kind' | 'namespace' | 'name' | 'status' | 'message'>[];
  holds: { rollout: string; rejected: string; at: string | undefined; reason: string }[];
  /** Changed outside Git, and what was done. */
  drift: NonNullable<ApplicationStatus['drift']>;
  /** Fields that others have put beside the declared ones; they are no difference. */
  foreign: { object: string; fields: string[] }[];
}

/** Of an Application, by its status. */
export function differencesOf({ status = {} }: Pick<Application, 'status'>): Differences {
  const commit = commitOf(status);
  const resources = (status.resources ?? []).filter((each) => each.status !== 'Synced');
  return {
    ...(commit === undefined ? {} : { commit }),
    resources: resources.map(({ group, kind, namespace, name, status: is, message }) => ({
      group,
      kind,
      ...(namespace === undefined ? {} : { namespace }),
      name,
      status: is,
      ...(message === undefined ? {} : { message }),
    })),
    holds: (status.holds ?? []).map((hold) => heldOf(hold)),
    drift: status.drift ?? [],
    foreign: (status.resources ?? []).flatMap((each) =>
      each.foreign === undefined ? [] : [{ object: nameOf(each), fields: each.foreign }],
    ),
  };
}

function commitOf(status: ApplicationStatus): Differences['commit'] {
  const { revision, attempted } = status;
  const why = whyOf(status);
  return why === undefined ? undefined : { applied: revision?.commit, newest: attempted?.commit, why };
}

function whyOf({ phase, revision, attempted, message }: ApplicationStatus): string | undefined {
  if (phase === 'Suspended') return 'it is suspended and looks at nothing: this is what was found before';
  const isNewest = attempted === undefined || attempted.commit === revision?.commit;
  return isNewest && phase !== 'Failed' ? undefined : (message ?? 'it has yet to be applied');
}

const heldOf = ({ rollout, rejected, stable, reason }: Hold): Differences['holds'][number] => ({
  rollout: `${rollout.namespace}/${rollout.name}`,
  rejected: rejected.commit,
  at: stable?.commit,
  reason,
});

/** Whether the cluster is not as Git declares it now. What is told of drift is history: an object that is still otherwise says so itself. */
export const isDifferent = ({ commit, resources, holds }: Differences): boolean =>
  commit !== undefined || resources.length > 0 || holds.length > 0;

/** One line for each. */
export function differenceLines(differences: Differences, zone: string): string[] {
  const { commit, resources, holds, drift, foreign } = differences;
  const short = (oid: string | undefined): string => (oid === undefined ? 'nothing' : shortCommit(oid));
  return [
    ...(commit === undefined
      ? []
      : [`applied is ${short(commit.applied)}, newest is ${short(commit.newest)}: ${commit.why}`]),
    ...holds.map(
      ({ rollout, rejected, at, reason }) =>
        `Rollout ${rollout} is held at ${short(at)}: ${short(rejected)} rejected, ${reason}`,
    ),
    ...resources.map(
      (each) => `${nameOf(each)} is ${each.status}${each.message === undefined ? '' : `: ${each.message}`}`,
    ),
    ...drift.map((each) => {
      const at = timeOf(each.at);
      const end = each.action === 'Corrected' ? 'put back' : 'left as it is (sync.selfHeal is off)';
      return `${nameOf(each)} was changed outside Git${at === undefined ? '' : ` at ${shownTime(at, zone)}`}: ${each.fields.join(', ')}; ${end}`;
    }),
    ...foreign.map(
      ({ object, fields }) => `${object} has fields of others beside the declared ones: ${fields.join(', ')}`,
    ),
  ];
}
