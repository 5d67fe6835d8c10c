// What becomes of a Rollout that has changed: whether its pods are released, through which steps, and how long that takes at least.
import { isRecord } from '../api/json.ts';
import type { KubeObject, PodTemplate } from '../api/k8s.ts';
import { nameOf, objectIdOf, type ObjectKey } from '../api/object-key.ts';
import { isSameData, type FindObject } from '../application/revert/content.ts';
import { readKeys, templateKeys } from '../application/revert/dependents.ts';
import type { RolloutSet } from '../application/revert/rollout-set.ts';
import { planOf } from '../rollout/compile.ts';
import type { Plan as Stages, Stage } from '../rollout/plan.ts';
import { mayBeSame } from '../rollout/same-template.ts';
import { RUN_TEXTS } from '../rollout/runs.ts';
import { analysesOf, type AnalysisView } from './analyses.ts';
import { changedFields, type ChangedField } from './changed-fields.ts';
import { durationText } from './duration-text.ts';
import type { RolloutChange, Step } from './types.ts';

/** A Rollout as one side declares it, among what else is declared there. */
export interface DeclaredRollout {
  object: KubeObject;
  set: RolloutSet;
  find: FindObject;
}

const MOST_FIELDS = 3;

/** Undefined where nothing about it changes, nor about what it reads and is measured by. */
export function rolloutChange(
  before: DeclaredRollout | undefined,
  after: DeclaredRollout | undefined,
): RolloutChange | undefined {
  const { object } = after ?? before ?? {};
  if (object === undefined) return undefined;
  const { namespace = '', name } = object.metadata;
  const at = { namespace, name, steps: [] };
  if (after === undefined) return { ...at, effect: 'Removed', reasons: ['it hands back what it drives'] };
  if (before === undefined)
    return { ...at, effect: 'Deployed', reasons: ['the first revision has no steps to go through'] };
  const aside = asideOf(before, after);
  const template = templateReasons(before, after);
  if (template.length > 0) return { ...at, effect: 'Released', reasons: [...template, ...aside], ...releaseOf(after) };
  return aside.length === 0 ? undefined : { ...at, effect: 'Updated', reasons: aside };
}

const specOf = ({ object }: DeclaredRollout): Record<string, unknown> => (isRecord(object.spec) ? object.spec : {});
const templateOf = (rollout: DeclaredRollout): PodTemplate => {
  const { template } = specOf(rollout);
  return isRecord(template) ? (template as PodTemplate) : {};
};

/** Why its pods are other ones; empty where they are the same. */
function templateReasons(before: DeclaredRollout, after: DeclaredRollout): string[] {
  if (before.set.template === after.set.template) return [];
  const [was, now] = [templateOf(before), templateOf(after)];
  const told = fieldsText(changedFields(was, now, 'template'));
  const isSpelling = mayBeSame(now, { declared: was, live: was });
  const unless = 'it is another spelling of the same pods, which the API server decides: then there is no release';
  return isSpelling ? [...told, unless] : told;
}

function fieldsText(fields: readonly ChangedField[]): string[] {
  const shown = fields.slice(0, MOST_FIELDS).map((field) => fieldText(field));
  const more = fields.length - shown.length;
  return more > 0 ? [...shown, `${more} more fields of the template`] : shown;
}

/** With the values where they are short. */
function fieldText({ path, was, now }: ChangedField): string {
  const [from, to] = [shortText(was), shortText(now)];
  if (was === undefined) return `${path} is new`;
  if (now === undefined) return `${path} is gone`;
  return from === undefined || to === undefined ? `${path} changes` : `${path}: ${from} → ${to}`;
}

const MOST_CHARS = 80;

function shortText(value: unknown): string | undefined {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text === undefined || text.length > MOST_CHARS || text.includes('\n') ? undefined : text;
}

/** What changes without a release of its own. */
function asideOf(before: DeclaredRollout, after: DeclaredRollout): string[] {
  return [...readReasons(before, after), ...measureReasons(before, after), ...specReasons(before, after)];
}

function readReasons(before: DeclaredRollout, after: DeclaredRollout): string[] {
  return [...readKeys(after.object)].flatMap((key) => {
    const [was, now] = [before.find(key), after.find(key)];
    if (was === undefined) return [];
    if (now === undefined) return [`${nameText(key)}, which its pods read, is declared no more`];
    return isSameData(was, now) ? [] : [`${nameText(key)}, which its pods read, changes: ${BY_ITSELF}`];
  });
}

const BY_ITSELF = 'by itself it is no release, and pods see it where it is mounted or when they start';

function measureReasons(before: DeclaredRollout, after: DeclaredRollout): string[] {
  return [...templateKeys(after.object)].flatMap((key) => {
    const [was, now] = [before.find(key), after.find(key)];
    if (was === undefined || now === undefined || changedFields(was.spec, now.spec).length === 0) return [];
    return [`${nameText(key)}, which it is measured by, changes: that counts from the next run on`];
  });
}

const nameText = (key: ObjectKey): string => nameOf(objectIdOf(key));

/** Fields beside the template; of the strategy as a whole. */
function specReasons(before: DeclaredRollout, after: DeclaredRollout): string[] {
  const [was, now] = [specOf(before), specOf(after)];
  const names = [...new Set([...Object.keys(was), ...Object.keys(now)])].filter((name) => name !== 'template');
  return names.flatMap((name) => {
    const fields = changedFields(was[name], now[name], name);
    if (fields.length === 0) return [];
    if (name === 'strategy') return [strategyText(before, after)];
    return fields.slice(0, MOST_FIELDS).map((field) => fieldText(field));
  });
}

function strategyText(before: DeclaredRollout, after: DeclaredRollout): string {
  const [was, now] = [planOf(before.object), planOf(after.object)];
  return was?.stagesHash === now?.stagesHash
    ? 'the strategy changes, its steps do not'
    : 'the steps change: a release that is under way begins anew, else they count from the next one on';
}

/** The steps of a release as it is declared. */
function releaseOf({
  object,
  find,
}: DeclaredRollout): Pick<RolloutChange, 'steps' | 'leastSeconds' | 'waitsForPerson'> {
  const stages = planOf(object);
  if (stages === undefined) return { steps: [] };
  const steps = stepsOf(stages, analysesOf(object, find));
  const leastSeconds = steps.reduce((sum, { seconds = 0 }) => sum + seconds, 0);
  return { steps, leastSeconds, waitsForPerson: stages.stages.some(isUntilPromoted) };
}

const isUntilPromoted = (stage: Stage): boolean => stage.kind === 'Pause' && stage.ms === undefined;

function stepsOf(plan: Stages, views: readonly AnalysisView[]): Step[] {
  const steps = plan.stages.map((stage, index) => stepOf(stage, viewsAt(views, index)));
  const after = views.filter(({ planned }) => planned.kind === 'PostPromotion').map((view) => analysisStep(view, 100));
  const promotion =
    plan.split === 'selector' ? 'the switch: all traffic goes to the new pods' : 'promotion: all traffic';
  return [...steps, { kind: 'Promotion', weight: 100, text: promotion }, ...after];
}

const viewsAt = (views: readonly AnalysisView[], index: number): AnalysisView | undefined =>
  views.find(({ planned }) => planned.stage === index);

function stepOf(stage: Stage, view: AnalysisView | undefined): Step {
  const { weight } = stage;
  switch (stage.kind) {
    case 'Split':
      return { kind: 'Weight', weight, text: `weight ${weight}` };
    case 'Scale': {
      const pods = 'replicas' in stage.pods ? `${stage.pods.replicas} pods` : `${stage.pods.share}% of the pods`;
      return { kind: 'Scale', weight, text: `scale to ${pods}` };
    }
    case 'Pause':
      if (stage.ms === undefined) return { kind: 'Pause', weight, text: 'pause until a person promotes' };
      return { kind: 'Pause', weight, text: `pause of ${durationText(stage.ms / 1000)}`, seconds: stage.ms / 1000 };
    case 'Measure':
      return view === undefined ? { kind: 'Analysis', weight, text: RUN_TEXTS[stage.run] } : analysisStep(view, weight);
  }
}

function analysisStep({ planned, missing, leastMs }: AnalysisView, weight: number): Step {
  const names = planned.analysis.templates.map(({ templateName }) => templateName).join(', ');
  const what = `${RUN_TEXTS[planned.kind]} by ${names}`;
  if (leastMs === undefined) {
    const why = missing.length > 0 ? ', which is not declared here' : '';
    return { kind: 'Analysis', weight, text: `${what}${why}: how long it takes is not known` };
  }
  const seconds = leastMs / 1000;
  const time = seconds === 0 ? 'one look' : `at least ${durationText(seconds)}`;
  return { kind: 'Analysis', weight, text: `${what}: ${time}`, seconds };
}
