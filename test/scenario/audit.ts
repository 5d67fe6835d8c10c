// What must hold after every write of Sluice, read from the cluster alone: never from the memory of a process.
import type { Application } from '../../src/api/application.ts';
import type { ReplicaSet } from '../../src/api/k8s.ts';
import { ANNOTATIONS, POD_TEMPLATE_HASH } from '../../src/api/names.ts';
import type { Rollout } from '../../src/api/rollout.ts';
import type { Cluster } from './cluster.ts';

const isWhole = ({ stable, canary }: { stable: number; canary: number }): boolean =>
  stable + canary === 100 && stable >= 0 && canary >= 0;

export class Audit {
  readonly violations: string[] = [];
  /** Every weight that a revision had, by image, without repeats. */
  readonly weights = new Map<string, number[]>();
  readonly #cluster: Cluster;
  #weight = 0;
  /** Image behind the canary side. */
  #tried: string | undefined;
  /** Image behind the Service that serves. */
  #serving: string | undefined;
  /** Services behind which requests found ready pods. */
  readonly #served = new Set<string>();
  /** Hashes of content that was held when the Rollout was last seen held. */
  #held: { rejected: string } | undefined;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  look(write: string): void {
    for (const found of [...this.#traffic(), ...this.#pods(), ...this.#active(), ...this.#content()])
      this.violations.push(`${write}: ${found}`);
  }

  *#traffic(): Generator<string> {
    const weights = this.#cluster.weights();
    if (weights === undefined) return;
    if (!isWhole(weights)) yield `weights ${weights.stable}/${weights.canary} are not whole`;
    const before = this.#weight;
    this.#weight = weights.canary;
    const image = this.#cluster.canaryImage();
    this.#leave(image);
    if (weights.canary === before || image === undefined) return;
    this.#note(image, weights.canary);
    if (weights.canary > before) yield* this.#gain(image);
  }

  *#gain(image: string): Generator<string> {
    if (this.#isCondemned(image)) yield `${image} gains weight after a verdict against it`;
    if ((this.#replicaSetOf('web-canary')?.status?.readyReplicas ?? 0) === 0)
      yield `${image} gains weight without a ready pod`;
  }

  /** The canary side went from one revision to another: whatever its weight, the first has none any more. */
  #leave(image: string | undefined): void {
    const left = this.#tried;
    this.#tried = image;
    if (left !== undefined && left !== image && (this.weights.get(left)?.at(-1) ?? 0) > 0) this.#note(left, 0);
  }

  #note(image: string, weight: number): void {
    this.weights.set(image, [...(this.weights.get(image) ?? []), weight]);
  }

  *#pods(): Generator<string> {
    const weights = this.#cluster.weights();
    const stable = this.#replicaSetOf('web-stable');
    if (weights !== undefined && weights.stable > 0 && this.#cluster.selected('web-stable') !== undefined) {
      if (stable === undefined) yield 'the ReplicaSet that carries the traffic is gone';
      else if (stable.spec.replicas === 0) yield 'the ReplicaSet that carries the traffic is scaled to 0';
    }
    const hashes = this.#cluster.replicaSets().map((rs) => rs.metadata.labels?.[POD_TEMPLATE_HASH]);
    if (new Set(hashes).size !== hashes.length) yield 'two ReplicaSets of one revision';
  }

  /** Requests to the Service that serves, once they found ready pods, always find some; where the story itself broke them it is not counted. */
  *#active(): Generator<string> {
    const { activeService } = this.#cluster.find<Rollout>('Rollout', 'web')?.spec.strategy.blueGreen ?? {};
    if (activeService === undefined || this.#cluster.find('Service', activeService) === undefined) return;
    const image = this.#cluster.imageBehind(activeService);
    if (image !== this.#serving && this.#isCondemned(image)) yield `${image} is switched to after a verdict against it`;
    this.#serving = image;
    if (this.#cluster.readyBehind(activeService) > 0) this.#served.add(activeService);
    else if (this.#served.has(activeService) && !this.#cluster.isBroken(activeService))
      yield `requests to ${activeService} find no ready pod`;
  }

  /** What is applied is what some commit declared, and never what is held. */
  *#content(): Generator<string> {
    const rollout = this.#cluster.find<Rollout>('Rollout', 'web');
    const app = this.#cluster.find<Application>('Application', 'shop');
    if (rollout === undefined || app === undefined) return;
    if (!this.#isDeclared(this.#cluster.declaredImage())) yield `${this.#cluster.declaredImage()} was never declared`;
    const annotations = rollout.metadata.annotations ?? {};
    this.#noteHold(app, annotations[ANNOTATIONS.held] !== undefined);
    if (this.#held && annotations[ANNOTATIONS.contentHash] === this.#held.rejected) yield 'held content is applied';
  }

  /** What a hold rejects counts from when the Rollout is marked as held until there is no hold. */
  #noteHold(app: Application, isMarked: boolean): void {
    const hold = app.status?.holds?.[0];
    if (hold === undefined) this.#held = undefined;
    else if (isMarked) this.#held = { rejected: hold.objects.find(({ kind }) => kind === 'Rollout')?.hash ?? '' };
  }

  #isCondemned(image: string | undefined): boolean {
    return image !== undefined && this.#cluster.prometheus.condemned.has(image);
  }

  #isDeclared(image: string): boolean {
    const commits = [...this.#cluster.repository.commits.values()];
    return commits.some(({ files }) => [...files.values()].some((text) => text.includes(image)));
  }

  #replicaSetOf(service: string): ReplicaSet | undefined {
    const hash = this.#cluster.selected(service);
    return this.#cluster.replicaSets().find((rs) => rs.metadata.labels?.[POD_TEMPLATE_HASH] === hash);
  }
}
