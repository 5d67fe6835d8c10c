// All wanted objects against the world, wave by wave and stage by stage: what must be there first has been tried first. What fails holds up only the
// Rollouts that depend on it. Pure.
import type { ResourceStatus } from '../../api/application.ts';
import { isRecord } from '../../api/json.ts';
import type { KubeObject } from '../../api/k8s.ts';
import { objectIdOf, objectKey, objectKeyOf, type ObjectKey } from '../../api/object-key.ts';
import type { AgentIntent } from '../intents.ts';
import { dependencyKeys, isRollout } from '../revert/dependents.ts';
import { rolloutsIn, type Wanted, type WantedObject } from '../revert/wanted.ts';
import type { Declared, Seen } from '../seen.ts';
import { withHealth } from './health/recorded.ts';
import { liveRolloutsOf } from './owned.ts';
import type { HookGate, SyncHooks } from './hooks/phases.ts';
import { planObject, type ObjectContext, type ObjectPlan } from './plan-object.ts';
import { stageOf } from './stages.ts';
import { drivenBy } from './stamps.ts';
import { gateBehind, inWaves, waitsAtGate, type Gate } from './waves.ts';

export interface SyncPlan {
  resources: ResourceStatus[];
  intents: AgentIntent[];
  /** Everything that is wanted is in the cluster, or is others' to do. */
  settled: boolean;
  dueAt: number | undefined;
  /** Objects left as others changed them, and the fields. */
  reported: { key: ObjectKey; fields: string[] }[];
  /** What later waves wait for. */
  gate?: Gate | undefined;
  /** What no wave and no hook keeps back is in place. */
  isApplied: boolean;
  /** A hook of a wave that is waited for. */
  hookGate?: HookGate | undefined;
}

export function objectContext(
  seen: Seen,
  declared: Declared | undefined,
  wanted: readonly WantedObject[],
): ObjectContext {
  return {
    seen,
    declared,
    owner: seen.owner,
    repoURL: seen.app.spec.source.repoURL,
    inventory: inventoryOf(seen),
    driven: drivenBy([...rolloutsIn(wanted).map(({ object }) => object), ...stillDriving(seen, wanted)]),
    autoscaled: (key) => seen.autoscaled(key),
    selfHeal: seen.app.spec.sync?.selfHeal ?? true,
  };
}

/** Live Rollouts that are not declared any more and go on driving until they have handed back: what they decide stays. */
function stillDriving(seen: Seen, wanted: readonly WantedObject[]): KubeObject[] {
  const present = new Set(wanted.map(({ key }) => key));
  return liveRolloutsOf(seen).filter(
    (rollout) =>
      !present.has(objectKeyOf(rollout)) && !(isRecord(rollout.status) && rollout.status['retired'] === true),
  );
}

/** What is on record as applied, by key. */
export const inventoryOf = ({ status }: Pick<Seen, 'status'>): Map<ObjectKey, ResourceStatus> =>
  new Map((status.resources ?? []).map((entry) => [objectKey(entry), entry]));

/** What goes along with a sync. */
export interface SyncAlong {
  /** Rollouts that are left as they are until what they serve is kept. */
  waiting: ReadonlySet<ObjectKey>;
  hooks: SyncHooks | undefined;
}

export function planSync(
  seen: Seen,
  declared: Declared | undefined,
  wanted: Wanted,
  { waiting, hooks }: SyncAlong,
): SyncPlan {
  const context = objectContext(seen, declared, wanted.objects);
  const plan: SyncPlan = {
    resources: [],
    intents: [],
    settled: true,
    isApplied: false,
    dueAt: undefined,
    reported: [],
  };
  const failed = new Set<ObjectKey>();
  const stages: Stages = { context, plan, failed, declared, waiting, hooks, gated: false, hooked: false };
  for (const [wave, objects] of inWaves(wanted.objects, hooks?.waves)) planWave(wave, objects, stages);
  plan.isApplied = plan.settled && plan.intents.length === 0;
  // Nothing is deleted before all is applied.
  if (stages.gated || stages.hooked) plan.settled = false;
  if (!stages.gated) delete plan.gate;
  for (const { key, ref, hold } of wanted.keptBack) {
    const message = `kept back: rejected with ${hold.rollout.name}`;
    const entry: ResourceStatus = { ...context.inventory.get(key), ...ref, status: 'Held', message };
    plan.resources.push(withHealth(entry, seen.live(key)));
  }
  for (const { key } of wanted.leftAlone ?? []) plan.resources.push(...known(context.inventory.get(key)));
  return plan;
}

const known = (entry: ResourceStatus | undefined): ResourceStatus[] => (entry === undefined ? [] : [entry]);

interface Stages {
  context: ObjectContext;
  plan: SyncPlan;
  failed: Set<ObjectKey>;
  declared: Declared | undefined;
  waiting: ReadonlySet<ObjectKey>;
  hooks: SyncHooks | undefined;
  /** Something waits at the gate. */
  gated: boolean;
  /** A hook has not succeeded yet. */
  hooked: boolean;
}

function planWave(wave: number, objects: readonly WantedObject[], at: Stages): void {
  const { plan } = at;
  const from = plan.resources.length;
  const stages = [...new Set(objects.map(({ ref }) => stageOf(ref)))].sort((a, b) => a - b);
  for (const stage of stages) {
    planStage(
      stage,
      objects.filter(({ ref }) => stageOf(ref) === stage),
      at,
    );
  }
  const gate = gateBehind(wave, plan.resources.slice(from));
  plan.gate ??= runHooks(wave, gate, at) ?? gate;
}

/** Hooks of a wave are begun once its objects are applied, and what comes after it waits for both. */
function runHooks(wave: number, gate: Gate | undefined, at: Stages): Gate | undefined {
  const { plan, hooks } = at;
  const mayStart = gate?.isDegraded !== true && isReached(at);
  const found = hooks?.run(wave, mayStart);
  if (!found) return undefined;
  at.hooked = true;
  if (mayStart || found.state !== 'waiting') plan.hookGate ??= found;
  return gate?.isDegraded === true ? gate : { wave, isDegraded: found.state === 'failed', text: hookText(wave, found) };
}

/** All that comes before is applied, and healthy where a wave waits for it. */
const isReached = ({ plan, gated }: Stages): boolean =>
  plan.settled && plan.intents.length === 0 && !gated && plan.gate === undefined;

const hookText = (wave: number, { state, text }: HookGate): string =>
  state === 'failed' ? `wave ${wave} is degraded: ${text}` : `waits for wave ${wave}: ${text}`;

/** New content of a later wave waits until all before it is healthy. */
function atGate(wanted: WantedObject, at: Stages): ObjectPlan | undefined {
  const { plan, context } = at;
  const { key, ref } = wanted;
  const before = context.inventory.get(key);
  if (plan.gate === undefined || !waitsAtGate(wanted, before, context.seen.live(key))) return undefined;
  at.gated = true;
  const message = plan.gate.isDegraded ? `not applied: ${plan.gate.text}` : plan.gate.text;
  return { status: { ...before, ...ref, status: 'OutOfSync', message }, settled: true };
}

function planStage(stage: number, objects: readonly WantedObject[], stages: Stages): void {
  const { plan, failed } = stages;
  const waits = plan.intents.length > 0 || !plan.settled;
  const planned = objects.map((wanted) => {
    const one = atGate(wanted, stages) ?? blocked(wanted, stages) ?? planObject(wanted, stages.context);
    note(one, wanted, stages);
    if (one.status.status === 'Failed') failed.add(wanted.key);
    return { ...one, wanted };
  });
  if (!waits) plan.intents.push(...intentsOf(stage, planned));
}

/** What one stage asks for, in few intents. */
function intentsOf(stage: number, planned: readonly (ObjectPlan & { wanted: WantedObject })[]): AgentIntent[] {
  const checks = planned.flatMap(({ check }) => check ?? []);
  const applies = planned.flatMap(({ apply }) => apply ?? []);
  const taken = planned.flatMap(({ takeOver, wanted: { key, ref } }) => (takeOver ? [{ key, ref, ...takeOver }] : []));
  const intents: AgentIntent[] = [];
  if (checks.length > 0) intents.push({ do: 'Check', requests: checks });
  if (taken.length > 0) intents.push({ do: 'TakeOver', objects: taken });
  if (applies.length > 0) intents.push({ do: 'Apply', stage, requests: applies });
  return intents;
}

function note(one: ObjectPlan, { key }: WantedObject, { plan, context }: Stages): void {
  plan.resources.push(withHealth(one.status, context.seen.live(key)));
  plan.settled &&= one.settled;
  if (one.dueAt !== undefined) plan.dueAt = Math.min(one.dueAt, plan.dueAt ?? one.dueAt);
  if (one.reported) plan.reported.push({ key, fields: one.reported });
}

/**
 * A Rollout waits for what it depends on, so that new pods never start with half of their configuration; what its kind or namespace
 * comes with waits for these.
 */
function blocked(wanted: WantedObject, { failed, context, declared, waiting }: Stages): ObjectPlan | undefined {
  const before = context.inventory.get(wanted.key);
  const hold = (message: string, settled: boolean, dueAt?: number): ObjectPlan => ({
    status: { ...before, ...wanted.ref, status: 'Failed', message },
    settled,
    dueAt,
  });
  const { seen } = context;
  if (waiting.has(wanted.key)) return { status: before ?? { ...wanted.ref, status: 'OutOfSync' }, settled: false };
  const { apiVersion, kind } = wanted.object;
  if (!seen.served(apiVersion, kind)) {
    if (declared?.defines.has(`${wanted.ref.group}/${kind}`))
      return hold(`waits for the definition of ${kind}, which the same commit brings`, true, seen.now + 2_000);
    return hold(
      `the cluster does not serve ${kind} of ${apiVersion}; install its definition first`,
      true,
      seen.now + 30_000,
    );
  }
  if (failed.size === 0 || !isRollout(wanted.object)) return undefined;
  const blocking = [...dependencyKeys(wanted.object)].find((key) => failed.has(key));
  if (blocking === undefined) return undefined;
  const { kind: what, name } = objectIdOf(blocking);
  return hold(`not applied: ${what} ${name} it depends on could not be applied`, true);
}
