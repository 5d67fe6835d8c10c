// From what two revisions declare to the plan: each Application compared, and no value of a Secret in any text. Pure.
import { revisionOf, type Application } from '../api/application.ts';
import type { KubeObject } from '../api/k8s.ts';
import { qualifiedName, type ObjectKey } from '../api/object-key.ts';
import type { Rendering } from '../ports/rendering.ts';
import { knownSecrets } from '../secrecy/known-secrets.ts';
import { compare, type Side } from './application-plan.ts';
import { isSecret, secretValues } from './masked.ts';
import type { ApplicationPlan, Plan, Revision } from './types.ts';

/** An Application, or a path that is planned as one, on both sides. */
export interface Planned {
  namespace: string;
  name: string;
  path: string;
  file?: string | undefined;
  app: Application | undefined;
  change: ApplicationPlan['change'];
  /** Undefined where it is not there on that side. */
  before: Side | undefined;
  after: Side | undefined;
  rendered?: Rendering | undefined;
  notes: readonly string[];
}

export interface PlanRequest {
  from: Revision;
  to: Revision;
  applications: readonly Planned[];
  notes: readonly string[];
  /** Applications that nothing changes for are named alone. */
  leavesUntouched: boolean;
}

/** The plan of a change. */
export function planChange({ from, to, applications, notes, leavesUntouched }: PlanRequest): Plan {
  const plans = applications.map((each) => ({
    plan: applicationPlan(each, elsewhereThan(each, applications)),
    isTouched: !leavesUntouched || isTouched(each),
  }));
  const touched = plans.flatMap(({ plan, isTouched: is }) => (is || plan.objects.length > 0 ? [plan] : []));
  const untouched = plans.filter(({ plan }) => !touched.includes(plan)).map(({ plan }) => qualifiedName(plan));
  const refused = touched.some(({ problems }) => problems.length > 0);
  return scrubbed({ version: 1, from, to, applications: touched, untouched, notes: [...notes], refused }, applications);
}

/** It is new or gone, or what is wrong with it is. */
function isTouched({ change, before, after }: Planned): boolean {
  const texts = (side: Side | undefined): string => JSON.stringify(side?.problems ?? []);
  return change !== 'Present' || texts(before) !== texts(after);
}

function elsewhereThan(self: Planned, all: readonly Planned[]): (key: ObjectKey) => string | undefined {
  const others = all.filter((each) => each !== self && each.after?.declared !== undefined);
  return (key) => {
    const other = others.find(({ after }) => after?.declared?.keys.has(key) === true);
    return other && qualifiedName(other);
  };
}

function applicationPlan(planned: Planned, elsewhere: (key: ObjectKey) => string | undefined): ApplicationPlan {
  const { namespace, name, path, file, app, change, before, after, rendered } = planned;
  const { notes, ...comparison } = compare({ before, after, app, elsewhere });
  return {
    namespace,
    name,
    ...(file === undefined ? {} : { file }),
    path,
    ...(app === undefined ? {} : { targetRevision: revisionOf(app) }),
    ...(rendered === undefined ? {} : { rendered: { ...rendered } }),
    change,
    ...comparison,
    notes: [...planned.notes, ...ownNotes(planned), ...notes],
  };
}

function ownNotes({ change, app }: Planned): string[] {
  return [
    ...(change === 'Removed' ? ['the Application is declared no more: what it applied stays'] : []),
    ...(app?.spec.sync?.windows === undefined ? [] : ['spec.sync.windows says when it is applied']),
    ...(app?.spec.suspend === true ? ['the Application is suspended: nothing is applied until it is not'] : []),
  ];
}

/** Texts that quote what is declared, without what any Secret of either side holds. */
function scrubbed(plan: Plan, applications: readonly Planned[]): Plan {
  const secrets = knownSecrets();
  for (const object of objectsOf(applications).filter(isSecret))
    for (const value of secretValues(object).values()) secrets.learn(value);
  const clean = (text: string): string => secrets.scrub(text);
  const cleanAll = (texts: readonly string[]): string[] => texts.map(clean);
  return {
    ...plan,
    notes: cleanAll(plan.notes),
    applications: plan.applications.map((each) => ({
      ...each,
      problems: each.problems.map((finding) => ({ ...finding, message: clean(finding.message) })),
      notes: cleanAll(each.notes),
      objects: each.objects.map((object) => ({ ...object, diff: clean(object.diff) })),
      rollouts: each.rollouts.map((rollout) => ({ ...rollout, reasons: cleanAll(rollout.reasons) })),
    })),
  };
}

const objectsOf = (applications: readonly Planned[]): KubeObject[] =>
  applications.flatMap(({ before, after }) =>
    [before, after].flatMap((side) => side?.declared?.desired.map(({ object }) => object) ?? []),
  );
