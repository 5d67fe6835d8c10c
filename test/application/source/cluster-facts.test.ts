import { VirtualClock } from 'kube-sandbox/virtual-clock';
import { describe, expect, it } from 'vitest';
import { ClusterFactsReader } from '../../../src/application/source/cluster-facts.ts';
import { kubeClient } from '../../../src/kube/client.ts';
import { ScriptedTransport, type Reply } from '../../support/scripted-transport.ts';

interface Kind {
  group: string;
  version: string;
  kind: string;
}

const MINUTE = 60_000;
const POD: Kind = { group: '', version: 'v1', kind: 'Pod' };
const MONITOR: Kind = { group: 'monitoring.coreos.com', version: 'v1', kind: 'ServiceMonitor' };

const discovery = (kinds: readonly Kind[]): Reply => ({
  json: {
    kind: 'APIGroupDiscoveryList',
    items: kinds.map(({ group, version, kind }) => ({
      metadata: { name: group },
      versions: [
        {
          version,
          resources: [
            { resource: `${kind.toLowerCase()}s`, responseKind: { kind }, scope: 'Namespaced', verbs: [] },
            { resource: 'nameless', scope: 'Namespaced', verbs: [] },
          ],
        },
      ],
    })),
  },
});

function given() {
  const cluster: { version: Reply; kinds: Kind[] } = { version: { json: { gitVersion: 'v1.34.4+k3s1' } }, kinds: [] };
  const transport = new ScriptedTransport(({ path }) => {
    if (path === '/version') return cluster.version;
    return discovery(path === '/api' ? [POD] : cluster.kinds);
  });
  const clock = new VirtualClock();
  const client = kubeClient({ transport, version: '1', clock });
  const asked = (): string[] => transport.requests.splice(0).map(({ path }) => path);
  return { cluster, clock, client, asked, reader: new ClusterFactsReader({ client, clock }) };
}

describe('what the cluster says of itself', () => {
  it('is its version, and what it serves in the words of helm', async () => {
    const { cluster, reader } = given();
    cluster.kinds = [MONITOR];
    expect(await reader.facts()).toEqual({
      version: 'v1.34.4+k3s1',
      apiVersions: ['monitoring.coreos.com/v1', 'monitoring.coreos.com/v1/ServiceMonitor', 'v1', 'v1/Pod'],
    });
  });

  it('is asked for once, and no look asks again', async () => {
    const { reader, asked, clock } = given();
    const facts = await reader.facts();
    expect(asked()).toEqual(['/api', '/apis', '/version']);
    await clock.advance(9 * MINUTE);
    expect(await reader.facts()).toBe(facts);
    expect(asked()).toEqual([]);
  });

  it('is seen anew within ten minutes, and is the same value where nothing has changed', async () => {
    const { cluster, reader, clock } = given();
    const facts = await reader.facts();
    await clock.advance(10 * MINUTE);
    expect(await reader.facts()).toBe(facts);
    cluster.kinds = [MONITOR];
    await clock.advance(10 * MINUTE);
    expect((await reader.facts()).apiVersions).toContain('monitoring.coreos.com/v1');
    cluster.version = { json: { gitVersion: 'v1.35.0' } };
    await clock.advance(10 * MINUTE);
    expect((await reader.facts()).version).toBe('v1.35.0');
  });

  it('is seen anew at once when a kind was looked for that was not there before', async () => {
    const { cluster, reader, client, clock } = given();
    await reader.facts();
    cluster.kinds = [MONITOR];
    await clock.advance(3000);
    await client.resourceFor('monitoring.coreos.com/v1', 'ServiceMonitor');
    expect((await reader.facts()).apiVersions).toContain('monitoring.coreos.com/v1/ServiceMonitor');
  });

  it.each<Reply>([{ status: 403, json: {} }, { json: {} }])(
    'is not made up where the server does not tell: %j',
    async (version) => {
      const { cluster, reader } = given();
      cluster.version = version;
      await expect(reader.facts()).rejects.toThrow('the API server does not tell its version');
      cluster.version = { json: { gitVersion: 'v1.34.4' } };
      expect(await reader.facts()).toMatchObject({ version: 'v1.34.4' });
    },
  );
});
