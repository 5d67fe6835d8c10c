// The disruption controller: how many pods of each PodDisruptionBudget may be evicted now.
import type { Condition, KubeObject } from '../objects.ts';
import { toTime, type Clock } from '../clock.ts';
import { equal } from '../apiserver/json.ts';
import { replicasOf, type Deployment } from './deployment.ts';
import { follow, startController, versionsIn } from './controller.ts';
import { KeyQueue } from './key-queue.ts';
import { keyOf, type KindCache } from './kind-cache.ts';
import { controllerOf, isActive, isReady, type Pod } from './pod.ts';
import type { ReplicaSet } from './replica-sets.ts';
import { matches, type LabelSelector } from './selector.ts';

type Bound = number | string;

export interface Budget extends KubeObject {
  spec: { minAvailable?: Bound; maxUnavailable?: Bound; selector?: LabelSelector };
  status?: BudgetStatus;
}

interface BudgetStatus {
  observedGeneration?: number;
  disruptionsAllowed: number;
  currentHealthy: number;
  desiredHealthy: number;
  expectedPods: number;
  conditions?: (Condition & { observedGeneration?: number })[];
}

export const BUDGET = { group: 'policy', kind: 'PodDisruptionBudget' };

export interface BudgetParts {
  clock: Clock;
  pods: KindCache<Pod>;
  replicaSets: KindCache<ReplicaSet>;
  deployments: KindCache<Deployment>;
  budgets: KindCache<Budget>;
}

export class Budgets {
  readonly #parts: BudgetParts;
  readonly #queue: KeyQueue;

  constructor(parts: BudgetParts) {
    this.#parts = parts;
    const { budgets, pods, replicaSets } = parts;
    const budgetsThat = (concern: (budget: Budget) => boolean): string[] => budgets.all().filter(concern).map(keyOf);
    this.#queue = startController({
      queue: new KeyQueue(parts.clock),
      kinds: [
        follow(budgets, ({ object }) => [keyOf(object)]),
        follow(pods, (change) => budgetsThat((budget) => versionsIn(change).some((pod) => isOver(budget, pod)))),
        follow(replicaSets, ({ object }) =>
          budgetsThat(({ metadata }) => metadata.namespace === object.metadata.namespace),
        ),
      ],
      reconcile: (key) => this.#reconcile(key),
    });
  }

  stop(): void {
    this.#queue.stop();
  }

  #reconcile(key: string): void {
    const budget = this.#parts.budgets.fresh(key);
    if (budget === undefined) return;
    const pods = this.#podsUnder(budget);
    const status = this.#statusOf(budget, pods);
    if (!equal(status, budget.status)) this.#parts.budgets.updateStatus({ ...budget, status });
  }

  /** As they are in the store: one that was just evicted must not be counted again. */
  #podsUnder(budget: Budget): Pod[] {
    const { pods } = this.#parts;
    const known = pods.all().filter((pod) => isOver(budget, pod));
    return known.flatMap((pod) => pods.fresh(keyOf(pod)) ?? []).filter((pod) => isOver(budget, pod) && isActive(pod));
  }

  #statusOf(budget: Budget, pods: readonly Pod[]): BudgetStatus {
    const { minAvailable, maxUnavailable } = budget.spec;
    const isPlain = maxUnavailable === undefined && typeof minAvailable === 'number';
    const expectedPods = isPlain ? pods.length : this.#scaleOf(pods);
    const share = (bound: Bound): number =>
      typeof bound === 'number' ? bound : Math.ceil((Number.parseInt(bound, 10) * expectedPods) / 100);
    const desiredHealthy =
      maxUnavailable === undefined ? share(minAvailable ?? 1) : Math.max(0, expectedPods - share(maxUnavailable));
    const currentHealthy = pods.filter(isReady).length;
    const spare = expectedPods <= 0 ? 0 : Math.max(0, currentHealthy - desiredHealthy);
    return {
      observedGeneration: budget.metadata.generation ?? 0,
      disruptionsAllowed: spare,
      currentHealthy,
      desiredHealthy,
      expectedPods,
      conditions: [this.#condition(budget, spare > 0)],
    };
  }

  #condition({ metadata, status }: Budget, isAllowed: boolean): Condition & { observedGeneration: number } {
    const old = status?.conditions?.find(({ type }) => type === 'DisruptionAllowed');
    const value = isAllowed ? 'True' : 'False';
    return {
      type: 'DisruptionAllowed',
      status: value,
      observedGeneration: metadata.generation ?? 0,
      lastTransitionTime: old?.status === value ? old.lastTransitionTime : toTime(this.#parts.clock.now()),
      reason: isAllowed ? 'SufficientPods' : 'InsufficientPods',
      message: '',
    };
  }

  /** What the controllers of the pods ask for, each once. */
  #scaleOf(pods: readonly Pod[]): number {
    const scales = new Map<string, number>();
    for (const pod of pods) {
      const namespace = pod.metadata.namespace ?? '';
      const set = this.#parts.replicaSets.get(`${namespace}/${controllerOf(pod)?.name ?? ''}`);
      if (set === undefined) continue;
      const owner = controllerOf(set);
      const deployment =
        owner?.kind === 'Deployment' ? this.#parts.deployments.get(`${namespace}/${owner.name}`) : undefined;
      const scaled = deployment ?? set;
      scales.set(`${scaled.kind} ${scaled.metadata.name}`, replicasOf(scaled));
    }
    return [...scales.values()].reduce((sum, scale) => sum + scale, 0);
  }
}

const isOver = ({ metadata, spec }: Budget, pod: Pod): boolean =>
  spec.selector !== undefined &&
  metadata.namespace === pod.metadata.namespace &&
  matches(spec.selector, pod.metadata.labels);
