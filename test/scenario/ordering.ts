// What stories about the order of applying declare: a shop whose Application applies with the rights of an account, as any kind takes.
import type { KubeObject } from '../../src/api/k8s.ts';
import type { Cluster } from './cluster.ts';
import { application } from './manifests.ts';

type Json = Record<string, unknown>;

export const deployment = (name: string, version: string, annotations: Record<string, string> = {}): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace: 'shop', annotations },
  spec: {
    replicas: 2,
    progressDeadlineSeconds: 30,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name, image: `registry.example.com/shop/${name}:${version}` }] },
    },
  },
});

/** Applies with the rights of an administrator. */
export function givenApplication(cluster: Cluster, spec: Json = {}): void {
  cluster.create({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'deployer' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ kind: 'ServiceAccount', name: 'deployer', namespace: 'shop' }],
  });
  cluster.create(application({ serviceAccountName: 'deployer', ...spec }));
}

/** Version that a live Deployment runs; undefined where there is none. */
export function versionOf(cluster: Cluster, name: string): string | undefined {
  const live = cluster.server.store.get({ group: 'apps', kind: 'Deployment' }, name, 'shop');
  const spec = live?.spec as { template: { spec: { containers: { image: string }[] } } } | undefined;
  return spec?.template.spec.containers[0]?.image.split(':').at(-1);
}
