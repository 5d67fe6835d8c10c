// The chart installed by helm itself, into the sandbox's API server. Without helm these are skipped.
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { seededRandom } from 'kube-sandbox/random';
import { serveSandbox, type ServedSandbox } from 'kube-sandbox/served';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHART } from '../../scripts/chart.ts';
import { findHelm } from '../../scripts/helm.ts';
import { customResourceDefinitions } from '../../src/api/crd.ts';
import type { KubeObject, Resource } from '../../src/api/k8s.ts';
import { kubeClient } from '../../src/kube/client.ts';
import { loadAccess } from '../../src/kube/kubeconfig.ts';
import { undiciTransport } from '../../src/kube/transport-undici.ts';
import type { KubeClient } from '../../src/kube/types.ts';
import { systemClock } from '../../src/ports/clock.ts';
import type { Transport } from '../../src/ports/transport.ts';

const found = findHelm();
const run = promisify(execFile);
const CRDS: Resource = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  namespaced: false,
};
const NAME = 'rollouts.sluice.dev';

describe.skipIf(found === undefined)('helm install (needs helm: npm run check:chart, or SLUICE_HELM)', () => {
  let dir: string;
  let sandbox: ServedSandbox;
  let transport: Transport;
  let client: KubeClient;

  beforeAll(async () => {
    dir = await mkdtemp(path.join(tmpdir(), 'sluice-chart-'));
    sandbox = await serveSandbox({ random: seededRandom(1), crds: customResourceDefinitions(), dir });
    transport = undiciTransport({ access: await loadAccess({ kubeconfig: sandbox.kubeconfig }), clock: systemClock });
    client = kubeClient({ transport, version: 'test' });
  });
  afterAll(async () => {
    await transport.close();
    await sandbox.stop();
    await rm(dir, { recursive: true, force: true });
  });

  const helm = async (...args: string[]): Promise<string> => {
    return (await run(found ?? '', [...args, '--kubeconfig', sandbox.kubeconfig])).stdout;
  };
  const crd = async (): Promise<KubeObject | undefined> => client.get(CRDS, NAME);

  it('works where the CRDs were applied before it, leaves them alone, and says so', async () => {
    const before = await crd();
    const notes = await helm('install', 'first', CHART, '--namespace', 'default');
    expect(notes).toMatch(/There before this release, and left as they are: .*rollouts\.sluice\.dev/);
    expect(await crd()).toEqual(before);
    await helm('upgrade', 'first', CHART, '--namespace', 'default');
    expect(await crd()).toEqual(before);
  });

  it('writes the CRDs where there are none, and upgrades its own', async () => {
    await client.delete(CRDS, NAME);
    const notes = await helm('install', 'second', CHART, '--namespace', 'default');
    expect(notes).not.toMatch(/left as they are: .*rollouts\.sluice\.dev/);
    const owner = { 'meta.helm.sh/release-name': 'second', 'helm.sh/resource-policy': 'keep' };
    expect((await crd())?.metadata.annotations).toMatchObject(owner);
    await helm('upgrade', 'second', CHART, '--namespace', 'default');
    expect((await crd())?.metadata.annotations).toMatchObject(owner);
  });

  it('goes beside a release that has the CRDs', async () => {
    const notes = await helm('install', 'third', CHART, '--namespace', 'default');
    expect(notes).toMatch(/left as they are: .*rollouts\.sluice\.dev/);
    expect((await crd())?.metadata.annotations).toMatchObject({ 'meta.helm.sh/release-name': 'second' });
  });
});
