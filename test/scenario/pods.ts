// What a scenario does to the pods of an image: they never get ready, are mended, or die.
import type { Sandbox } from 'kube-sandbox';
import type { KubeObject } from '../../src/api/k8s.ts';

const POD = { group: '', kind: 'Pod' };

export class Pods {
  /** Images whose pods start and never become ready. */
  readonly broken = new Set<string>();
  readonly #sandbox: Sandbox;
  #lookAgain: () => void;

  constructor(sandbox: Sandbox) {
    this.#sandbox = sandbox;
    this.#lookAgain = this.#judge();
  }

  /** How long pods that start from now on need to get ready. */
  set readyAfterMs(ms: number) {
    this.#sandbox.workloads.readyAfter(ms);
  }

  /** Pods of broken images that were mended become ready. */
  mend(image: string): void {
    this.broken.delete(image);
    this.#lookAgain();
    this.#lookAgain = this.#judge();
  }

  /** Pods of an image die and their successors never become ready. */
  crash(image: string): void {
    this.broken.add(image);
    const { store } = this.#sandbox;
    for (const pod of store.list(POD).filter((each) => imageOf(each) === image))
      store.delete(POD, pod.metadata.name, pod.metadata.namespace, { gracePeriodSeconds: 0 });
  }

  #judge(): () => void {
    return this.#sandbox.workloads.neverReady((pod) => this.broken.has(imageOf(pod)));
  }
}

const imageOf = (pod: KubeObject): string =>
  (pod.spec as { containers?: { image?: string }[] } | undefined)?.containers?.[0]?.image ?? '';
