// Beginnings that many stories share, and the moments they wait for.
import type { KubeObject } from '../../src/api/k8s.ts';
import type { Rollout } from '../../src/api/rollout.ts';
import type { Cluster } from './cluster.ts';
import {
  application,
  config,
  httpRoute,
  IMAGE,
  rollout,
  service,
  shop,
  template,
  virtualService,
  yaml,
  type Shape,
} from './manifests.ts';

export function isPromoted(cluster: Cluster, version: string): boolean {
  const { status, metadata } = cluster.rollout();
  const isSeen = Number(status?.observedGeneration) === metadata.generation;
  const isStable = isSeen && status?.stableRS !== undefined && status.stableRS === status.currentPodHash;
  return cluster.declaredImage() === IMAGE(version) && status?.phase === 'Healthy' && isStable;
}

export const promoted = (cluster: Cluster, version: string): Promise<void> =>
  cluster.until(`${version} is promoted`, () => isPromoted(cluster, version));

export const aborted = (cluster: Cluster): Promise<void> =>
  cluster.until('it is aborted', () => cluster.rollout().status?.abort === true && cluster.weights()?.canary === 0);

/** The Rollout declares a version again that it was taken back to. */
export const isReverted = (cluster: Cluster, version: string): boolean =>
  cluster.declaredImage() === IMAGE(version) &&
  cluster.rollout().metadata.annotations?.['sluice.dev/held'] !== undefined;

/** The files of the shop with a Rollout of another shape. */
export const shaped = (version: string, shape: Shape, greeting = 'hello'): Record<string, string> => ({
  ...shop(version, greeting),
  'deploy/rollout.yaml': yaml(rollout(version, shape)),
});

/** v1 is deployed from Git. */
export async function givenV1FromGit(cluster: Cluster, shape: Shape = {}, spec = {}): Promise<void> {
  cluster.push(shaped('v1', shape), 'Deploy v1');
  cluster.create(application(spec));
  await cluster.start();
  await promoted(cluster, 'v1');
}

/** v1 was applied with kubectl: no Application, no Git. */
export async function givenV1(cluster: Cluster, shape: Shape = {}, metric = {}): Promise<void> {
  for (const object of [
    config('hello'),
    service('web-stable'),
    service('web-canary'),
    virtualService(),
    httpRoute(),
    template(metric),
    rollout('v1', shape),
  ])
    cluster.create(object);
  await cluster.start();
  await promoted(cluster, 'v1');
}

/** `kubectl apply` of the Rollout with another version or shape. */
export function apply(cluster: Cluster, version: string, shape: Shape = {}): void {
  const { spec } = structuredClone(rollout(version, shape)) as Rollout;
  cluster.edit<KubeObject>('Rollout', 'web', (object) => {
    object.spec = JSON.parse(JSON.stringify(spec)) as unknown;
  });
}

export const weight = (cluster: Cluster, canary: number): Promise<void> =>
  cluster.until(`the canary has ${canary}%`, () => cluster.weights()?.canary === canary);

export const waits = (cluster: Cluster): Promise<void> =>
  cluster.until('it waits for a person', () => cluster.rollout().status?.phase === 'Paused');
