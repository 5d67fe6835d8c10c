// A shop that is released blue-green: what its users declare, and the moments that its stories wait for.
import type { RolloutAnalysis } from '../../src/api/analysis.ts';
import type { BlueGreen, RolloutSpec } from '../../src/api/rollout.ts';
import type { ReplicaSet } from '../../src/api/k8s.ts';
import { POD_TEMPLATE_HASH } from '../../src/api/names.ts';
import type { Cluster } from './cluster.ts';
import { promoted } from './given.ts';
import { application, config, rollout, service, template, yaml } from './manifests.ts';

export const ACTIVE = 'web-active';
export const PREVIEW = 'web-preview';

export interface BlueGreenShape {
  blueGreen?: Partial<BlueGreen>;
  spec?: Partial<RolloutSpec>;
}

/** An analysis of the requests to a Service. */
export const judged = (name: string): RolloutAnalysis => ({
  templates: [{ templateName: 'success-rate' }],
  args: [{ name: 'service', value: name }],
});

export const MANUAL = { autoPromotionEnabled: false };

/** A Rollout that is switched, as JSON leaves out what is undefined. */
export function blueGreen(version: string, shape: BlueGreenShape = {}): { spec: RolloutSpec } {
  const base = rollout(version, { spec: shape.spec ?? {} }) as { spec: RolloutSpec };
  const strategy = { blueGreen: { activeService: ACTIVE, previewService: PREVIEW, ...shape.blueGreen } };
  return JSON.parse(JSON.stringify({ ...base, spec: { ...base.spec, strategy } })) as { spec: RolloutSpec };
}

/** v1 was applied with kubectl: no Application, no Git. */
export async function givenV1(cluster: Cluster, shape: BlueGreenShape = {}, metric = {}): Promise<void> {
  for (const object of [config('hello'), service(ACTIVE), service(PREVIEW), template(metric), blueGreen('v1', shape)])
    cluster.create(object);
  await cluster.start();
  await promoted(cluster, 'v1');
}

/** `kubectl apply` of the Rollout with another version or shape. */
export function apply(cluster: Cluster, version: string, shape: BlueGreenShape = {}): void {
  const { spec } = blueGreen(version, shape);
  cluster.edit('Rollout', 'web', (object) => {
    object['spec'] = spec;
  });
}

/** Files of a repository that declares the whole shop. */
export const files = (version: string, shape: BlueGreenShape = {}, greeting = 'hello'): Record<string, string> => ({
  'deploy/config.yaml': yaml(config(greeting)),
  'deploy/rollout.yaml': yaml(blueGreen(version, shape)),
  'deploy/services.yaml': yaml(service(ACTIVE), service(PREVIEW)),
  'deploy/analysis.yaml': yaml(template()),
});

/** v1 and v2 were deployed from Git. */
export async function givenV2FromGit(
  cluster: Cluster,
  shape: BlueGreenShape = {},
  spec: Record<string, unknown> = {},
): Promise<{ v1: string; v2: string }> {
  const v1 = cluster.push(files('v1', shape), 'Deploy v1');
  cluster.create(application(spec));
  await cluster.start();
  await promoted(cluster, 'v1');
  const v2 = cluster.push(files('v2', shape), 'Deploy v2');
  await promoted(cluster, 'v2');
  return { v1, v2 };
}

export function hashOf(rs: ReplicaSet | undefined): string | undefined {
  return rs?.metadata.labels?.[POD_TEMPLATE_HASH];
}

const versionBehind = (cluster: Cluster, name: string): string | undefined => cluster.imageBehind(name)?.split(':')[1];
/** Version behind the Service that serves. */
export const active = (cluster: Cluster): string | undefined => versionBehind(cluster, ACTIVE);
/** Version behind the Service that the new revision is looked at through. */
export const previewed = (cluster: Cluster): string | undefined => versionBehind(cluster, PREVIEW);

export const serves = (cluster: Cluster, version: string): Promise<void> =>
  cluster.until(`${version} serves`, () => active(cluster) === version);

/** It stands beside the stable revision and waits for a person. */
export const waits = (cluster: Cluster): Promise<void> =>
  cluster.until(
    'it waits to be promoted',
    () => cluster.rollout().status?.pauseConditions?.[0]?.reason === 'BlueGreenPause',
  );

export const aborted = (cluster: Cluster): Promise<void> =>
  cluster.until('it is aborted', () => cluster.rollout().status?.abort === true);

/** Writes of all processes to one Service, so far. */
export const writesTo = (cluster: Cluster, name: string): number =>
  cluster.journal.filter((line) => line === `kube PATCH /api/v1/namespaces/shop/services/${name}`).length;
