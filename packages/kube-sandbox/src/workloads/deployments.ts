// The Deployment controller: one ReplicaSet per template, moved from the old ones to the new one by the strategy.
import type { KubeObject } from '../objects.ts';
import type { Clock } from '../clock.ts';
import { StatusError } from '../apiserver/errors.ts';
import { equal } from '../apiserver/json.ts';
import { rescale, rollingStep, type Resize } from './deployment-scale.ts';
import { countedStatus, deadlineIn, progressingOf, rolloutStatus, withProgress } from './deployment-status.ts';
import {
  DESIRED_REPLICAS,
  MAX_REPLICAS,
  REVISION,
  bounds,
  allOf,
  hasTemplateOf,
  isComplete,
  isRolling,
  newSize,
  replicasOf,
  revisionOf,
  type Deployment,
  type DeploymentStatus,
  type Family,
} from './deployment.ts';
import type { Tell } from './controller-events.ts';
import { follow, startController } from './controller.ts';
import { KeyQueue } from './key-queue.ts';
import { keyOf, type KindCache } from './kind-cache.ts';
import { BY_CONTROLLER, controlledBy, controllerOf, hasEnded, isDeleted, type Pod } from './pod.ts';
import type { ReplicaSet } from './replica-sets.ts';
import { TEMPLATE_HASH, templateHash } from './template-hash.ts';

/** Annotations that stay with the Deployment. */
const OWN_ANNOTATIONS = /^kubectl\.kubernetes\.io\/last-applied-configuration$|^deployment\.kubernetes\.io\//;

export interface DeploymentParts {
  clock: Clock;
  pods: KindCache<Pod>;
  replicaSets: KindCache<ReplicaSet>;
  deployments: KindCache<Deployment>;
  tell: Tell;
}

export class Deployments {
  readonly #parts: DeploymentParts;
  readonly #queue: KeyQueue;

  constructor(parts: DeploymentParts) {
    this.#parts = parts;
    this.#queue = startController({
      queue: new KeyQueue(parts.clock),
      kinds: [
        follow(parts.deployments, ({ object }) => [keyOf(object)]),
        follow(parts.replicaSets, ({ object }) => ownersOf(object)),
        follow(parts.pods, ({ object, isGone }) => (isGone ? this.#awaiting(object) : [])),
      ],
      reconcile: (key) => this.#reconcile(key),
    });
  }

  stop(): void {
    this.#queue.stop();
  }

  /** A Recreate waits for the last old pod, which no ReplicaSet counts any more. */
  #awaiting(pod: Pod): string[] {
    const owner = controllerOf(pod);
    const rs = this.#parts.replicaSets.get(`${pod.metadata.namespace ?? ''}/${owner?.name ?? ''}`);
    return rs !== undefined && rs.metadata.uid === owner?.uid ? ownersOf(rs) : [];
  }

  #reconcile(key: string): void {
    const deployment = this.#parts.deployments.fresh(key);
    if (deployment === undefined) return;
    const family = this.#familyOf(deployment);
    if (isDeleted(deployment)) this.#write(deployment, countedStatus(family, this.#now));
    else if (deployment.spec.paused === true || isScaling(family)) this.#scaleOnly(family);
    else if (isRolling(deployment)) this.#roll(this.#withCurrent(family));
    else this.#recreate(family);
  }

  get #now(): number {
    return this.#parts.clock.now();
  }

  #familyOf(deployment: Deployment): Family {
    const sets = this.#parts.replicaSets.by(BY_CONTROLLER, deployment.metadata.uid ?? '').toSorted(byAge);
    const current = sets.find((rs) => hasTemplateOf(rs, deployment));
    return { deployment, current, old: sets.filter((rs) => rs !== current) };
  }

  /** A pause, or another number of replicas: sizes only, and no step of the rollout. */
  #scaleOnly(family: Family): void {
    const marked = this.#markPause(family);
    const scaled = this.#resizeAll(marked, rescale(marked), true);
    this.#write(scaled.deployment, countedStatus(scaled, this.#now));
  }

  #markPause(family: Family): Family {
    const { deployment } = family;
    const reason = progressingOf(deployment)?.reason;
    const isPaused = deployment.spec.paused === true;
    if (deployment.spec.progressDeadlineSeconds === undefined || isPaused === (reason === 'DeploymentPaused'))
      return family;
    if (!isPaused) return family;
    const verdict = { status: 'Unknown', reason: 'DeploymentPaused', message: 'Deployment is paused' } as const;
    return {
      ...family,
      deployment: this.#write(deployment, withProgress(deployment.status ?? {}, verdict, this.#now)),
    };
  }

  #roll(family: Family): void {
    const step = rollingStep(family);
    const next = this.#resizeAll(family, step, false);
    if (step.length === 0) this.#forgetOldest(next);
    this.#report(next);
  }

  #recreate(family: Family): void {
    const ends = family.old.filter((rs) => replicasOf(rs) > 0).map((rs) => ({ rs, replicas: 0 }));
    if (ends.length > 0) return this.#report(this.#resizeAll(family, ends, false));
    if (family.old.some((rs) => this.#podsRunOf(rs))) return this.#report(family);
    const whole = this.#withCurrent(family);
    const { current } = whole;
    const next =
      current === undefined
        ? whole
        : this.#resizeAll(whole, [{ rs: current, replicas: replicasOf(whole.deployment) }], false);
    this.#forgetOldest(next);
    this.#report(next);
  }

  #podsRunOf(rs: ReplicaSet): boolean {
    return this.#parts.pods.by(BY_CONTROLLER, rs.metadata.uid ?? '').some((pod) => !hasEnded(pod));
  }

  /** With a ReplicaSet for the declared template, that says which revision it is. */
  #withCurrent(family: Family): Family {
    const revision = Math.max(0, ...family.old.map(revisionOf)) + 1;
    const resumed = family.deployment.status?.conditions?.some(({ reason }) => reason === 'DeploymentPaused') === true;
    const current = family.current === undefined ? this.#make(family, revision) : this.#keepUp(family, revision);
    const found = { ...family, current };
    const known = progressingOf(family.deployment);
    const facts =
      family.current === undefined
        ? { reason: 'NewReplicaSetCreated', message: `Created new replica set "${current.metadata.name}"` }
        : known === undefined
          ? { reason: 'FoundNewReplicaSet', message: `Found new replica set "${current.metadata.name}"` }
          : resumed
            ? { reason: 'DeploymentResumed', message: 'Deployment is resumed' }
            : undefined;
    return { ...found, deployment: this.#tellRevision(family.deployment, String(revisionOf(current)), facts) };
  }

  #tellRevision(deployment: Deployment, revision: string, facts: { reason: string; message: string } | undefined) {
    const isTold = deployment.metadata.annotations?.[REVISION] === revision;
    const hasDeadline = deployment.spec.progressDeadlineSeconds !== undefined;
    const status =
      facts === undefined || !hasDeadline
        ? deployment.status
        : withProgress(
            deployment.status ?? {},
            { status: facts.reason === 'DeploymentResumed' ? 'Unknown' : 'True', ...facts },
            this.#now,
          );
    if (isTold && equal(status, deployment.status)) return deployment;
    const annotations = { ...deployment.metadata.annotations, [REVISION]: revision };
    const metadata = { ...deployment.metadata, annotations };
    return this.#parts.deployments.updateStatus({
      ...deployment,
      metadata,
      ...(status === undefined ? {} : { status }),
    });
  }

  #make(family: Family, revision: number): ReplicaSet {
    const { deployment } = family;
    const { template, selector, minReadySeconds } = deployment.spec;
    const hash = templateHash(template, deployment.status?.collisionCount);
    const labels = { ...template.metadata?.labels, [TEMPLATE_HASH]: hash };
    const object: KubeObject = {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: {
        name: `${deployment.metadata.name}-${hash}`,
        namespace: deployment.metadata.namespace ?? '',
        labels,
        annotations: { ...passedOn(deployment), ...sizeNotes(deployment), [REVISION]: String(revision) },
        ownerReferences: [controlledBy({ ...deployment, apiVersion: 'apps/v1', kind: 'Deployment' })],
      },
      spec: {
        replicas: newSize(family),
        ...(minReadySeconds === undefined ? {} : { minReadySeconds }),
        selector: { ...selector, matchLabels: { ...selector.matchLabels, [TEMPLATE_HASH]: hash } },
        template: { ...template, metadata: { ...template.metadata, labels } },
      },
    };
    try {
      const made = this.#parts.replicaSets.create(object);
      this.#tellSize(deployment, made, 0);
      return made;
    } catch (error) {
      if (error instanceof StatusError && error.code === 409) this.#countCollision(deployment, object);
      throw error;
    }
  }

  /** The name is taken by something else: the next try gets another one. */
  #countCollision(deployment: Deployment, object: KubeObject): void {
    const present = this.#parts.replicaSets.fresh(keyOf(object));
    if (present === undefined || controllerOf(present)?.uid === deployment.metadata.uid) return;
    const collisionCount = (deployment.status?.collisionCount ?? 0) + 1;
    this.#parts.deployments.updateStatus({ ...deployment, status: { ...deployment.status, collisionCount } });
  }

  /** An existing ReplicaSet learns its revision and what else the Deployment passes on. */
  #keepUp({ deployment, current }: Family, revision: number): ReplicaSet {
    const rs = current as ReplicaSet;
    const isNewest = revisionOf(rs) >= revision;
    const annotations = {
      ...rs.metadata.annotations,
      ...passedOn(deployment),
      ...(isNewest ? {} : { [REVISION]: String(revision) }),
    };
    const { minReadySeconds = 0 } = deployment.spec;
    const isSame = equal(annotations, rs.metadata.annotations) && (rs.spec.minReadySeconds ?? 0) === minReadySeconds;
    if (isSame) return rs;
    const spec = { ...rs.spec, ...(minReadySeconds === (rs.spec.minReadySeconds ?? 0) ? {} : { minReadySeconds }) };
    return this.#parts.replicaSets.update({ ...rs, metadata: { ...rs.metadata, annotations }, spec });
  }

  #resizeAll(family: Family, sizes: readonly Resize[], notesToo: boolean): Family {
    const resized = (rs: ReplicaSet): ReplicaSet => {
      const size = sizes.find((item) => item.rs === rs)?.replicas ?? replicasOf(rs);
      const isNoted = !notesToo || replicasOf(rs) === 0 || equal(pickNotes(rs), sizeNotes(family.deployment));
      if (size === replicasOf(rs) && isNoted) return rs;
      const annotations = { ...rs.metadata.annotations, ...sizeNotes(family.deployment) };
      const metadata = { ...rs.metadata, annotations };
      const next = this.#parts.replicaSets.update({ ...rs, metadata, spec: { ...rs.spec, replicas: size } });
      this.#tellSize(family.deployment, next, replicasOf(rs));
      return next;
    };
    const { deployment, current, old } = family;
    return { deployment, old: old.map(resized), current: current === undefined ? undefined : resized(current) };
  }

  #tellSize(deployment: Deployment, rs: ReplicaSet, before: number): void {
    const size = replicasOf(rs);
    if (size === before) return;
    const message = `Scaled ${size > before ? 'up' : 'down'} replica set ${rs.metadata.name} from ${before} to ${size}`;
    this.#parts.tell(deployment, { reason: 'ScalingReplicaSet', message });
  }

  /** Of the ReplicaSets without pods, only as many as the history may hold. */
  #forgetOldest(family: Family): void {
    const { deployment, old } = family;
    const limit = deployment.spec.revisionHistoryLimit;
    if (limit === undefined || !isComplete(deployment, countedStatus(family, this.#now))) return;
    const surplus = old.length - limit;
    if (surplus <= 0) return;
    const eldest = old.toSorted((a, b) => revisionOf(a) - revisionOf(b)).slice(0, surplus);
    for (const rs of eldest) if (isSpent(rs)) this.#parts.replicaSets.delete(rs);
  }

  #report(family: Family): void {
    const status = rolloutStatus(family, this.#now);
    const wait = deadlineIn(family.deployment, status, this.#now);
    if (wait !== undefined && wait > 0) this.#queue.addAfter(keyOf(family.deployment), wait);
    this.#write(family.deployment, status);
  }

  #write(deployment: Deployment, status: DeploymentStatus): Deployment {
    if (equal(status, deployment.status)) return deployment;
    return this.#parts.deployments.updateStatus({ ...deployment, status });
  }
}

/** It wants no pods and has none, by a status that is up to date. */
const isSpent = (rs: ReplicaSet): boolean =>
  replicasOf(rs) === 0 &&
  (rs.status?.replicas ?? 0) === 0 &&
  !isDeleted(rs) &&
  rs.status?.observedGeneration === rs.metadata.generation;

/** The Deployment that an object belongs to. */
function ownersOf(object: KubeObject): string[] {
  const owner = controllerOf(object);
  return owner?.kind === 'Deployment' ? [`${object.metadata.namespace ?? ''}/${owner.name}`] : [];
}

const byAge = (a: KubeObject, b: KubeObject): number =>
  Date.parse(a.metadata.creationTimestamp ?? '') - Date.parse(b.metadata.creationTimestamp ?? '') ||
  (a.metadata.name < b.metadata.name ? -1 : 1);

const passedOn = ({ metadata }: Deployment): Record<string, string> =>
  Object.fromEntries(Object.entries(metadata.annotations ?? {}).filter(([key]) => !OWN_ANNOTATIONS.test(key)));

const sizeNotes = (deployment: Deployment): Record<string, string> => ({
  [DESIRED_REPLICAS]: String(replicasOf(deployment)),
  [MAX_REPLICAS]: String(replicasOf(deployment) + bounds(deployment).maxSurge),
});

const pickNotes = ({ metadata }: ReplicaSet): Record<string, string | undefined> => ({
  [DESIRED_REPLICAS]: metadata.annotations?.[DESIRED_REPLICAS],
  [MAX_REPLICAS]: metadata.annotations?.[MAX_REPLICAS],
});

/** A ReplicaSet with pods was sized for another number of replicas than the Deployment has now. */
function isScaling(family: Family): boolean {
  return allOf(family).some((rs) => {
    const desired = rs.metadata.annotations?.[DESIRED_REPLICAS];
    return replicasOf(rs) > 0 && desired !== undefined && Number(desired) !== replicasOf(family.deployment);
  });
}
