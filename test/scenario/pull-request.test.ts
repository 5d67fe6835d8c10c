// A release that is aborted behind a protected branch: proposed, merged, and served as Git then declares, whenever the process dies.
import { describe, expect, it } from 'vitest';
import { Cluster } from './cluster.ts';
import type { EngineProcess, ProcessOptions } from './engine-process.ts';
import { isPromoted } from './given.ts';
import { TIMEOUT } from './crash-moments.ts';
import { application, IMAGE, shop } from './manifests.ts';

const TOKEN = 'token-that-nobody-may-see';
const encoded = (text: string): string => Buffer.from(text).toString('base64');

interface Ending {
  first: EngineProcess;
  picture: unknown;
  told: string;
  violations: string[];
}

/** v1 and v2 are promoted, v3 is aborted and proposed, a person merges. */
async function story(die?: ProcessOptions['die']): Promise<Ending> {
  const cluster = await Cluster.open();
  try {
    const first = await cluster.start(die === undefined ? {} : { die });
    cluster.onDeath(first, 3_000);
    cluster.create({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'shop-git', namespace: 'shop' },
      data: { username: encoded('ci'), password: encoded(TOKEN) },
    });
    cluster.push(shop('v1'), 'Deploy v1');
    const source = { repoURL: 'https://github.com/acme/shop.git', path: 'deploy', interval: '10s' };
    const spec = { source: { ...source, secretRef: { name: 'shop-git' } }, writeBack: { onAbort: 'PullRequest' } };
    cluster.create(application(spec));
    await cluster.until('v1 is promoted', () => isPromoted(cluster, 'v1'));
    cluster.push(shop('v2'), 'Deploy v2');
    await cluster.until('v2 is promoted', () => isPromoted(cluster, 'v2'));
    cluster.prometheus.rates.set(IMAGE('v3'), 0.8);
    cluster.push(shop('v3', 'hello from v3'), 'Deploy v3');
    await cluster.until('a pull request is on record', () => proposed(cluster));
    await cluster.run(120_000);
    const open = cluster.forge.pulls.map(({ title, base, state }) => ({
      title: title.split(':')[0]?.slice(0, 13),
      base,
      state,
    }));
    const [pull] = cluster.forge.pulls;
    const whileOpen = {
      isWhole: isWhole(cluster),
      open,
      phase: cluster.application().status?.phase,
      weights: cluster.weights(),
    };
    if (pull) cluster.forge.merge(pull);
    await cluster.until('Git says what runs', () => cluster.application().status?.phase === 'Synced');
    await cluster.run(120_000);
    const told = JSON.stringify([cluster.forge.pulls, cluster.application(), cluster.events(), cluster.commits()]);
    const branches = [...cluster.repository.branches.keys()].map((name) => name.replace(/-[0-9a-f-]+$/, ''));
    const { stableRevision, phase } = cluster.rollout().status ?? {};
    const picture = {
      whileOpen,
      branches,
      image: cluster.declaredImage(),
      greeting: cluster.greeting(),
      rollout: [phase, stableRevision?.subject?.replace(/#\d+/, '')],
      holds: cluster.application().status?.holds,
      subjects: cluster.log(),
    };
    return { first, picture, told, violations: cluster.audit.violations };
  } finally {
    cluster.close();
  }
}

/** What machines read of it is not taken for a secret. */
const isWhole = (cluster: Cluster): boolean =>
  cluster.forge.pulls.every(({ head, body }) => {
    const { message = '' } = cluster.repository.commits.get(cluster.forge.shaOf(head) ?? '')?.commit ?? {};
    return [body, message].every((text) => /^Sluice-Rejected: [0-9a-f]{40}$/m.test(text));
  });

const proposed = (cluster: Cluster): boolean =>
  cluster.application().status?.holds?.[0]?.writeBack?.state === 'Proposed';

describe('a release that is aborted behind a protected branch', async () => {
  const whole = await story();

  it('is proposed, and once it is merged Git, the spec and the pods agree', () => {
    expect(whole.violations).toEqual([]);
    expect(whole.first.errors).toEqual([]);
    expect(whole.picture).toMatchObject({
      whileOpen: {
        isWhole: true,
        open: [{ title: 'Revert web to', base: 'main', state: 'open' }],
        phase: 'Held',
        weights: { stable: 100, canary: 0 },
      },
      image: IMAGE('v2'),
      greeting: 'hello',
      holds: [],
      subjects: ['Merge pull request #1', 'Deploy v3', 'Deploy v2', 'Deploy v1'],
    });
    expect(whole.told).not.toContain(TOKEN);
    expect(whole.told).toContain('success-rate');
  });

  const at = (what: string): number => whole.first.writes.indexOf(what) + 1;
  const moments = [at('git push'), at('forge POST'), at('forge POST') + 1];

  it.each(
    moments.flatMap((write) => [
      { write, when: 'before' as const },
      { write, when: 'after' as const },
    ]),
  )(
    'ends the same, with one pull request, when the process dies $when write $write',
    async ({ write, when }) => {
      const ending = await story({ at: write, when });
      expect(ending.first.dead).toBe(true);
      expect(ending.violations).toEqual([]);
      expect(ending.picture).toEqual(whole.picture);
    },
    TIMEOUT,
  );
});
