// Executes intents against the API server. What a write answered is put into the caches at once, so that the next look sees it.
// Each is idempotent: done twice, it finds the world as wanted.
import type { AnalysisRun } from '../api/analysis.ts';
import type { KubeObject, ReplicaSet } from '../api/k8s.ts';
import {
  ANNOTATIONS,
  CONTROLLER_MANAGER,
  POD_TEMPLATE_HASH,
  RESOURCES,
  RUN_LABELS,
  verbAnnotation,
} from '../api/names.ts';
import { nameOf, qualifiedName, type ObjectKey } from '../api/object-key.ts';
import type { Issue, Result } from '../api/result.ts';
import type { Rollout } from '../api/rollout.ts';
import { resolveRun } from '../analysis/run/resolve.ts';
import { isAlreadyExists, isUnprocessable } from '../kube/errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { Intent } from '../rollout/intents.ts';
import type { Observed } from '../rollout/observed.ts';
import { keyFor } from '../kube/object-store.ts';
import type { DrivenObject, DrivenRoute, DrivenSelector, Split } from '../traffic/driven.ts';
import { idOf } from '../traffic/driven-objects.ts';
import { isRoute } from '../traffic/modules.ts';
import { pointer, type Write } from '../traffic/write.ts';
import { adopt } from './adoption.ts';
import { rolloutKey, runKey, type Caches } from './caches.ts';
import { kindOf, Refusal } from './failure.ts';
import { templateLookup } from './analysis-issues.ts';
import { driverOf, droppedOf } from './driver-note.ts';
import { mayDrive } from './references.ts';
import { declaredTemplate, ownerReference, replicaSetFor } from './replica-set.ts';
import { setPodMetadata } from './pod-metadata.ts';
import type { Restarter } from './restart.ts';
import type { Pass as KernelPass } from './use.ts';

export interface ExecuteDeps {
  caches: Caches;
  clock: Clock;
  restarter: Restarter;
  /** Ends a run by its own bookkeeping; false where it is not under way. */
  endRun: (key: ObjectKey) => boolean;
  /** Whether a Rollout of this namespace may drive routes of other ones. */
  mayCross: (namespace: string) => boolean;
}

/** One look's surroundings. */
export interface Pass extends Pick<KernelPass, 'urgent' | 'client'> {
  rollout: Rollout;
  seen: Observed;
}

type Of<K extends Intent['do']> = Extract<Intent, { do: K }>;

type Planned = Result<Write | undefined, Issue[]>;

/** Writes a driven object; where what the write rests on has changed meanwhile, looks at the live object and plans once more. */
async function drive<T extends DrivenObject>(
  deps: ExecuteDeps,
  pass: Pass,
  target: T,
  plan: (target: T, object: KubeObject) => Planned,
): Promise<void> {
  const { resource, name, namespace } = target;
  const cache = deps.caches.driven.of(resource)?.cache;
  const options = { urgent: pass.urgent };
  const writeOn = async (object: KubeObject | undefined): Promise<void> => {
    if (object === undefined) throw new Refusal(`${nameOf(idOf(target))} is gone`);
    const write = writeOf(plan(target, object));
    if (write === undefined) return;
    const request = { name, namespace, ...write, fieldManager: CONTROLLER_MANAGER };
    cache?.observe(await pass.client.patch<KubeObject>(resource, request, options));
  };
  try {
    await writeOn(cache?.get(namespace, name));
  } catch (error) {
    if (!isUnprocessable(error)) throw error;
    await writeOn(await pass.client.get<KubeObject>(resource, name, namespace, options));
  }
}

function writeOf(planned: Planned): Write | undefined {
  if (planned.ok) return planned.value;
  throw new Refusal(planned.error.map((issue) => `${issue.field}: ${issue.message}`).join('; '));
}

const drivenIn = ({ seen }: Pass, { mayCross }: ExecuteDeps): readonly DrivenObject[] =>
  mayDrive(seen.plan, seen.namespace, mayCross).driven;

async function setWeights(deps: ExecuteDeps, pass: Pass, { canary, rejected }: Of<'SetWeights'>): Promise<void> {
  const { traffic } = pass.seen.plan;
  const rollout = qualifiedName(pass.rollout.metadata);
  const driver = driverOf(traffic);
  const split: Split = {
    weights: { canary, stable: 100 - canary },
    total: 100,
    preview: traffic.preview ?? null,
    marking: { rollout, rejected, driver },
  };
  const routes = drivenIn(pass, deps).filter(isRoute);
  const put = (route: DrivenRoute, wanted: Split): Promise<void> =>
    drive(deps, pass, route, (target, object) => {
      // What was noted is known by nothing else until what it names no more is handed back.
      const isLess = droppedOf(object, rollout, { driver, driven: [target] }) !== undefined;
      return target.plan(object, isLess ? { ...wanted, marking: { rollout, rejected } } : wanted);
    });
  const results = await Promise.allSettled(
    routes.map((route) =>
      put(route, split).catch(async (error: unknown) => {
        // Going back waits for no preview: where that is refused, the weights go alone.
        if (canary === 0 && kindOf(error) === 'refused') await put(route, { ...split, preview: undefined });
        throw error;
      }),
    ),
  );
  // Every route is tried before one that failed is told of.
  const failed = results.find((r) => r.status === 'rejected');
  if (failed) throw failed.reason;
}

async function switchSelector(deps: ExecuteDeps, pass: Pass, intent: Of<'SwitchSelector'>): Promise<void> {
  const { kind, name, role, hash, rejected } = intent;
  const target = drivenIn(pass, deps).find(
    (object): object is DrivenSelector =>
      object.drives === 'selectors' &&
      object.resource.kind === kind &&
      object.name === name &&
      object.roles.includes(role),
  );
  if (target === undefined) return;
  await drive(deps, pass, target, (selector, object) => selector.plan(object, { hashes: { [role]: hash }, rejected }));
}

async function createReplicaSet(deps: ExecuteDeps, pass: Pass, intent: Of<'CreateReplicaSet'>): Promise<void> {
  const wanted = replicaSetFor(pass.rollout, intent.hash, intent.replicas, intent);
  const options = { fieldManager: CONTROLLER_MANAGER };
  try {
    deps.caches.replicaSets.observe(await pass.client.create<ReplicaSet>(RESOURCES.replicaSets, wanted, options));
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    const { name, namespace } = wanted.metadata;
    const live = await pass.client.get<ReplicaSet>(RESOURCES.replicaSets, name, namespace);
    if (live === undefined) return;
    const owner = live.metadata.ownerReferences?.find((o) => o.controller);
    if (owner?.uid !== pass.rollout.metadata.uid) {
      throw new Refusal(
        `ReplicaSet ${name} belongs to ${owner ? `${owner.kind} ${owner.name}` : 'nobody'}; remove it or rename the Rollout`,
        { cause: error },
      );
    }
    deps.caches.replicaSets.observe(live);
  }
}

async function scaleReplicaSet(deps: ExecuteDeps, pass: Pass, intent: Of<'ScaleReplicaSet'>): Promise<void> {
  const request = {
    name: intent.name,
    namespace: pass.seen.namespace,
    type: 'merge' as const,
    body: { spec: { replicas: intent.replicas } },
    fieldManager: CONTROLLER_MANAGER,
  };
  deps.caches.replicaSets.observe(await pass.client.patch<ReplicaSet>(RESOURCES.replicaSets, request));
}

async function startRun(deps: ExecuteDeps, pass: Pass, intent: Of<'StartRun'>): Promise<void> {
  const { rollout, seen } = pass;
  const planned = seen.plan.analyses.find(({ kind, stage }) => kind === intent.kind && stage === intent.step);
  if (planned === undefined) return;
  const resolved = resolveRun(planned.analysis, templateLookup(deps.caches, seen.namespace), {
    field: planned.field,
    stableHash: seen.status.stableRS ?? intent.hash,
    latestHash: intent.hash,
    rollout,
    requireFinite: planned.finite,
  });
  if (!resolved.ok) throw new Refusal(resolved.error.map((i) => `${i.field}: ${i.message}`).join('; '));
  const run: AnalysisRun = {
    apiVersion: rollout.apiVersion,
    kind: 'AnalysisRun',
    metadata: {
      name: intent.name,
      namespace: seen.namespace,
      labels: {
        [POD_TEMPLATE_HASH]: intent.hash,
        [RUN_LABELS.type]: intent.kind,
        [RUN_LABELS.attempt]: String(intent.attempt),
        ...(intent.step === undefined ? {} : { [RUN_LABELS.step]: String(intent.step) }),
      },
      ownerReferences: [ownerReference(rollout)],
    },
    spec: resolved.value,
  };
  try {
    deps.caches.analysisRuns.observe(
      await pass.client.create(RESOURCES.analysisRuns, run, { fieldManager: CONTROLLER_MANAGER }),
    );
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    const live = await pass.client.get<AnalysisRun>(RESOURCES.analysisRuns, intent.name, seen.namespace);
    if (live) deps.caches.analysisRuns.observe(live);
  }
}

async function patchRollout(deps: ExecuteDeps, { seen, client }: Pass, body: readonly object[]): Promise<void> {
  const { name, namespace } = seen;
  const request = { name, namespace, type: 'json' as const, body, fieldManager: CONTROLLER_MANAGER };
  deps.caches.rollouts.observe(await client.patch<Rollout>(RESOURCES.rollouts, request));
}

/** Moves what an annotation asks for to one of Sluice's own, in one write: from here on it has an identity and is acted on once. */
async function takeCommand(deps: ExecuteDeps, pass: Pass, intent: Of<'TakeCommand'>): Promise<void> {
  const { rollout, seen } = pass;
  const at = (name: string): string => pointer(['metadata', 'annotations', name]);
  const taken = {
    id: `${rollout.metadata.resourceVersion ?? ''}-${intent.verb}`,
    verb: intent.verb,
    value: intent.value,
    at: new Date(seen.now).toISOString(),
    ...(intent.by === undefined ? {} : { by: intent.by }),
  };
  const from = at(verbAnnotation(intent.verb));
  const body = [
    { op: 'test', path: from, value: intent.value },
    { op: 'remove', path: from },
    { op: 'add', path: at(ANNOTATIONS.command), value: JSON.stringify(taken) },
  ];
  return patchRollout(deps, pass, body).catch((error: unknown) => lookAgain(deps, pass, intent, error));
}

/** The test found another command than the one that was seen: withdrawn, changed or taken meanwhile. The next look decides on what is there. */
async function lookAgain(
  deps: ExecuteDeps,
  { seen, client }: Pass,
  intent: Of<'TakeCommand'>,
  error: unknown,
): Promise<void> {
  if (!isUnprocessable(error)) throw error;
  const live = await client.get<Rollout>(RESOURCES.rollouts, seen.name, seen.namespace);
  if (live === undefined || live.metadata.annotations?.[verbAnnotation(intent.verb)] === intent.value) throw error;
  deps.caches.rollouts.observe(live);
}

async function restoreTemplate(deps: ExecuteDeps, pass: Pass, intent: Of<'RestoreTemplate'>): Promise<void> {
  const { seen, rollout } = pass;
  const rs = deps.caches.replicaSets.get(seen.namespace, `${rollout.metadata.name}-${intent.hash}`);
  if (rs === undefined) return;
  const body = [{ op: 'replace', path: '/spec/template', value: declaredTemplate(rs) }];
  return patchRollout(deps, pass, body);
}

type Executor<K extends Intent['do']> = (deps: ExecuteDeps, pass: Pass, intent: Of<K>) => Promise<'unchanged' | void>;

const EXECUTORS: { readonly [K in Intent['do']]: Executor<K> } = {
  SetWeights: setWeights,
  SwitchSelector: switchSelector,
  CreateReplicaSet: createReplicaSet,
  ScaleReplicaSet: scaleReplicaSet,
  StartRun: startRun,
  EndRun: (deps, { seen }, { name }) =>
    Promise.resolve(deps.endRun(runKey(seen.namespace, name)) ? undefined : 'unchanged'),
  TakeCommand: takeCommand,
  RestoreTemplate: restoreTemplate,
  async RestartPods({ restarter }, { client, seen: { namespace, name } }, intent) {
    await restarter.restart({ rollout: rolloutKey(namespace, name), namespace, ...intent }, client);
    return 'unchanged';
  },
  SetPodMetadata: setPodMetadata,
  AdoptReplicaSet: ({ caches }, { client, rollout }, { name }) => adopt(caches, client, rollout, name),
  DeleteReplicaSet: (deps, pass, { name }) => remove(deps, pass, 'replicaSets', name),
  DeleteRun: (deps, pass, { name }) => remove(deps, pass, 'analysisRuns', name),
};

/** Resolves to `unchanged` where another look would see nothing new by it. */
export async function execute(deps: ExecuteDeps, pass: Pass, intent: Intent): Promise<'unchanged' | void> {
  return (EXECUTORS[intent.do] as Executor<Intent['do']>)(deps, pass, intent);
}

async function remove(
  deps: ExecuteDeps,
  { client, seen: { namespace } }: Pass,
  what: 'replicaSets' | 'analysisRuns',
  name: string,
): Promise<void> {
  const cache = deps.caches[what];
  const uid = cache.get(namespace, name)?.metadata.uid;
  if (uid === undefined) return;
  await client.delete(RESOURCES[what], name, namespace, { uid, propagationPolicy: 'Background' });
  cache.forget(keyFor(namespace, name), uid);
}
