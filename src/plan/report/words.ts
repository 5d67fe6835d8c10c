// Words that the reports share.
import { qualifiedName, nameOf } from '../../api/object-key.ts';
import { shortCommit } from '../../api/revision.ts';
import { durationText } from '../duration-text.ts';
import type { ApplicationPlan, HookRun, ObjectChange, Revision, RolloutChange } from '../types.ts';

/** As `origin/main (3f9c2d1)`. */
export const revisionText = ({ name, commit }: Revision): string =>
  commit === undefined || commit.startsWith(name) ? name : `${name} (${shortCommit(commit)})`;

/** As `Application shop/web`, or `Path deploy in namespace shop` where no Application says it. */
export const titleText = (plan: ApplicationPlan): string =>
  plan.targetRevision === undefined
    ? `Path ${plan.path || '/'} in namespace ${plan.namespace}`
    : `Application ${qualifiedName(plan)}`;

/** As `1 added, 2 changed`. */
export function countsText({ objects }: Pick<ApplicationPlan, 'objects'>): string {
  const counts = (['Added', 'Changed', 'Removed'] as const).flatMap((change) => {
    const count = objects.filter((each) => each.change === change).length;
    return count === 0 ? [] : [`${count} ${change.toLowerCase()}`];
  });
  return counts.length === 0 ? 'nothing changes' : counts.join(', ');
}

/** As `deploy, from deploy/application.yaml, follows main`. */
export function sourceText({ path, file, targetRevision, rendered }: ApplicationPlan): string {
  const where = path === '' ? 'the whole repository' : `path ${path}`;
  return [
    ...(targetRevision === undefined ? [] : [where]),
    ...(file === undefined ? [] : [`declared in ${file}`]),
    ...(targetRevision === undefined ? [] : [`follows ${targetRevision}`]),
    ...(rendered === undefined ? [] : [`by ${rendered.tool} ${rendered.version}`]),
  ].join(', ');
}

/** As `Rollout shop/web`. */
export const objectText = (object: ObjectChange): string => nameOf(object);

/** As `deploy/web.yaml:12`. */
export const placeText = ({ file, line }: ObjectChange): string => (line === undefined ? file : `${file}:${line}`);

const EFFECTS: Readonly<Record<RolloutChange['effect'], string>> = {
  Deployed: 'is deployed',
  Released: 'is released',
  Updated: 'changes without a release',
  Removed: 'is removed',
};

/** As `Rollout shop/web is released`. */
export const effectText = (rollout: RolloutChange): string =>
  `Rollout ${qualifiedName(rollout)} ${EFFECTS[rollout.effect]}`;

/** How long a release takes; undefined where it is none. */
export function timeText({ effect, leastSeconds = 0, waitsForPerson, steps }: RolloutChange): string | undefined {
  if (effect !== 'Released') return undefined;
  const isUnknown = steps.some(({ kind, seconds }) => kind === 'Analysis' && seconds === undefined);
  const parts = [
    ...(leastSeconds > 0 ? [`at least ${durationText(leastSeconds)}`] : []),
    ...(isUnknown ? ['as long as its analyses take'] : []),
    ...(waitsForPerson === true ? ['until a person promotes'] : []),
  ];
  return parts.length === 0 ? 'it takes as long as its pods do' : `it takes ${parts.join(', and ')}`;
}

/** As `hook Job shop/migrate runs: PreSync`. */
export const hookText = (hook: HookRun): string =>
  `hook ${nameOf({ group: '', ...hook })} runs: ${hook.phases.join(', ')}`;

/** What prune does, where it does anything. */
export function pruneText({ prune: { count, confirmation } }: ApplicationPlan): string | undefined {
  if (confirmation !== undefined)
    return `${count} objects would be deleted, more than sync.pruneLimit: annotate the Application with ${confirmation}, else they stay`;
  return count === 0 ? undefined : `${count} ${count === 1 ? 'object is' : 'objects are'} deleted`;
}
