import { createApiServer } from 'kube-sandbox/api-server';
import { seededRandom } from 'kube-sandbox/random';
import { VirtualClock } from 'kube-sandbox/virtual-clock';
import { startWorkloads } from 'kube-sandbox/workloads';

const clock = new VirtualClock();
const random = seededRandom(1);
const api = createApiServer({ clock, random });
startWorkloads({ store: api.store, clock, random, readyAfterMs: 2_000 });

const labels = { app: 'web' };
const template = { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'web:v1' }] } };
const spec = { replicas: 3, selector: { matchLabels: labels }, template };
const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', namespace: 'default' }, spec };
api.store.create({ group: 'apps', kind: 'Deployment' }, deployment);

for (let second = 0; second <= 3; second++) {
  const path = '/apis/apps/v1/namespaces/default/deployments/web/status';
  const { body } = await api.transport().request({ method: 'GET', path });
  for await (const text of body) console.log(`${second} s:`, JSON.parse(text).status?.readyReplicas ?? 0, 'ready');
  await clock.advance(1_000);
}
