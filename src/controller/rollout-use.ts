// What the kernel needs to drive Rollouts. It decides nothing itself: rollout/decide.ts does.
import { ANNOTATIONS, verbAnnotation, CONTROLLER_MANAGER, RESOURCES } from '../api/names.ts';
import { ROLLOUT_PROSE } from '../api/prose.ts';
import type { ObjectKey } from '../api/object-key.ts';
import type { Issue } from '../api/result.ts';
import type { Rollout, RolloutStatus } from '../api/rollout.ts';
import { planOf } from '../rollout/compile.ts';
import { decide, type Decision } from '../rollout/decide.ts';
import type { Intent } from '../rollout/intents.ts';
import type { Observed } from '../rollout/observed.ts';
import { withUnmade } from '../rollout/refused.ts';
import type { DrivenRoute } from '../traffic/driven.ts';
import { isRoute } from '../traffic/modules.ts';
import type { Clock } from '../ports/clock.ts';
import { gather, type RunOverlay } from './gather.ts';
import { BY_OWNER, type Caches } from './caches.ts';
import { orphansOf } from './adoption.ts';
import { createDeclarations } from './declaration.ts';
import { execute, type ExecuteDeps } from './execute.ts';
import type { Failure } from './failure.ts';
import { isBound } from './hand-back-controller.ts';
import { invalidStatus } from './invalid.ts';
import { kindsOf, mayDrive } from './references.ts';
import { createSameTemplates } from './same-template.ts';
import type { Decision as KernelDecision, Look, Use } from './use.ts';

/** The observation, or a spec that cannot be used at all. */
export type SeenRollout =
  /** With the ReplicaSets of it that are nobody's: they come first, so that what runs is not taken for nothing. */
  | { seen: Observed; orphans: readonly string[] }
  /** It leaves Git: it drives nothing any more, and waits for what it drove to be handed back. */
  | { leaving: { bound: boolean }; recorded: RolloutStatus | undefined }
  /** What it drives, or which revision is declared, is not known yet: it is looked at again when it is. */
  | { waiting: true; recorded: RolloutStatus | undefined }
  | { unusable: Issue[]; rollout: Rollout; recorded: RolloutStatus | undefined; now: number };

export interface RolloutDecision extends KernelDecision<RolloutStatus, Intent> {
  /** Undefined where the spec cannot be used. */
  readonly release?: Pick<Decision, 'place' | 'memory' | 'traffic'> | undefined;
}

export type RolloutLook = Look<Rollout, RolloutStatus, SeenRollout, RolloutDecision>;
export type RolloutUse = Use<Rollout, RolloutStatus, SeenRollout, Intent, RolloutDecision>;

export interface RolloutUseDeps {
  caches: Caches;
  clock: Clock;
  overlay: RunOverlay;
  execute: ExecuteDeps;
  /** What somebody else writes again and again of what the Rollout drives. */
  contests: (rollout: ObjectKey, now: number) => Pick<Observed, 'contests' | 'contestedUntil'>;
  /** Looks at a Rollout again at that time. */
  again: (rollout: ObjectKey, at: number) => void;
}

/** So many passes in a row a server may be away before the object says so. */
const PATIENCE = 5;

function decideRollout(given: SeenRollout): RolloutDecision {
  if ('unusable' in given) {
    return { status: invalidStatus(given.rollout, given.recorded, given.unusable, given.now), intents: [] };
  }
  if ('waiting' in given) return { status: given.recorded ?? {}, intents: [] };
  if ('leaving' in given) return { status: leavingStatus(given.recorded, given.leaving.bound), intents: [] };
  const { seen, orphans } = given;
  if (orphans.length > 0)
    return { status: seen.status, intents: orphans.map((name) => ({ do: 'AdoptReplicaSet', name })) };
  const { place, memory, traffic, ...decision } = decide(seen);
  return { ...decision, release: { place, memory, traffic } };
}

function leavingStatus(recorded: RolloutStatus | undefined, bound: boolean): RolloutStatus {
  const message = bound
    ? 'leaves Git: what it drives is being handed back'
    : 'leaves Git: what it drove is handed back';
  return { ...recorded, message, retired: !bound };
}

/**
 * Pods go only when the traffic is surely elsewhere, and what decides on a stage measures what the traffic is to show. In the background it is
 * measured whatever the traffic is.
 */
function dependsOn(intent: Intent, failed: Intent): boolean {
  const moves = failed.do === 'SetWeights' || failed.do === 'SwitchSelector';
  if (intent.do === 'StartRun') return moves && intent.kind !== 'Background';
  if (intent.do === 'DeleteReplicaSet' || intent.do === 'RestartPods') return moves || failed.do === 'CreateReplicaSet';
  return intent.do === 'ScaleReplicaSet' && intent.replicas < intent.from && moves;
}

const isTold = ({ kind, attempt }: Failure<Intent>): boolean =>
  kind === 'refused' || kind === 'bug' || (kind === 'transient' && attempt >= PATIENCE);

const COSMETIC = new Set([
  'replicas',
  'updatedReplicas',
  'readyReplicas',
  'availableReplicas',
  'HPAReplicas',
  'message',
  'conditions',
]);
const isCosmetic = (patch: Record<string, unknown>): boolean =>
  Object.keys(patch).every((field) => COSMETIC.has(field));

/** What the API server refused is tried again when what it was about has changed. */
function stampOf(caches: Caches, mayCross: ExecuteDeps['mayCross']): (rollout: Rollout, intent: Intent) => string {
  return ({ metadata, spec }, intent) => {
    const own = [metadata.generation, metadata.labels, metadata.annotations];
    const plan = planOf({ spec });
    if (intent.do !== 'SetWeights' || plan === undefined) return JSON.stringify(own);
    const routes = mayDrive(plan, metadata.namespace ?? '', mayCross).driven.filter(isRoute);
    const versionOf = ({ resource, namespace, name }: DrivenRoute): string | undefined =>
      caches.driven.of(resource)?.cache.get(namespace, name)?.metadata.resourceVersion;
    return JSON.stringify([own, routes.map(versionOf)]);
  };
}

export function rolloutUse(deps: RolloutUseDeps): RolloutUse {
  const { caches, clock, overlay } = deps;
  const { mayCross, restarter } = deps.execute;
  const declarations = createDeclarations();
  const sameTemplates = createSameTemplates(deps);
  return {
    controller: 'rollout',
    resource: RESOURCES.rollouts,
    fieldManager: CONTROLLER_MANAGER,
    cache: caches.rollouts,
    prose: ROLLOUT_PROSE,
    observe(rollout, recorded, now, { key, client }) {
      if (rollout.metadata.annotations?.[ANNOTATIONS.retire] !== undefined)
        return { leaving: { bound: isBound(rollout, caches) }, recorded };
      if (!caches.driven.areKnown(kindsOf(rollout))) return { waiting: true, recorded };
      const declaration = declarations.of(rollout);
      if (declaration.plan === undefined) return { unusable: declaration.issues, rollout, recorded, now };
      const status = recorded ?? {};
      const { templateHash } = declaration;
      const replicaSets = caches.replicaSets.by(BY_OWNER, rollout.metadata.uid ?? '');
      const { hash, ...how } = sameTemplates.meaningOf({ key, rollout, status, templateHash, replicaSets, client });
      if (hash === undefined) return { waiting: true, recorded };
      const restartedBefore = restarter.restartedBefore(key);
      const meaning = { hash, ...how };
      const input = { caches, declarations, meaning, overlay, rollout, status, now, restartedBefore, mayCross };
      const gathered = gather(input);
      if ('unusable' in gathered) return { unusable: gathered.unusable, rollout, recorded, now };
      const seen = { ...gathered.seen, ...deps.contests(key, now) };
      return { seen, orphans: orphansOf(rollout, caches) };
    },
    decide: decideRollout,
    async execute(intent, { object, seen: given, client, urgent }) {
      if (!('seen' in given)) return 'unchanged';
      return execute(deps.execute, { rollout: object, seen: given.seen, client, urgent }, intent);
    },
    dependsOn,
    project({ object, decision }, failures) {
      const traffic = decision.release?.traffic ?? {};
      return withUnmade(decision.status, object.status, failures.filter(isTold), { now: clock.now(), traffic });
    },
    mayWait: isCosmetic,
    isUrgent: ({ metadata }) => metadata.annotations?.[verbAnnotation('abort')] !== undefined,
    stampOf: stampOf(caches, mayCross),
    gone: (key) => {
      declarations.forget(key);
      sameTemplates.forget(key);
    },
  };
}
