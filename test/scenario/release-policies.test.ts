// Windows in which releases may begin, and the one place to stop them all; for Rollouts by policies, for commits by the Application as well.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ReleasePolicy } from '../../src/api/release-policy.ts';
import { Cluster } from './cluster.ts';
import { apply, givenV1, givenV1FromGit, promoted, shaped, weight } from './given.ts';
import { IMAGE, shop } from './manifests.ts';

type Spec = ReleasePolicy['spec'];

const policy = (spec: Spec, name = 'office', kind = 'ReleasePolicy'): object => ({
  apiVersion: 'sluice.dev/v1alpha1',
  kind,
  metadata: { name, ...(kind === 'ReleasePolicy' ? { namespace: 'shop' } : {}) },
  spec,
});

describe('a release', () => {
  let cluster: Cluster;
  beforeEach(async () => {
    cluster = await Cluster.open();
  });
  afterEach(() => cluster.close());

  /** A window that opens in so many minutes, for an hour, and not again that day. */
  function opensIn(minutes: number): Spec {
    const at = new Date(cluster.clock.now() + minutes * 60_000);
    const schedule = `${at.getUTCMinutes()} ${at.getUTCHours()} * * *`;
    return { windows: [{ kind: 'Allow', schedule, duration: '1h' }] };
  }
  /** A policy that the controller has seen. */
  async function given(spec: Spec): Promise<void> {
    cluster.create(policy(spec));
    await cluster.run(100);
  }
  const message = (): string => cluster.rollout().status?.message ?? '';
  const phase = (): string | undefined => cluster.rollout().status?.phase;
  const waits = (): Promise<void> => cluster.until('it waits', () => message().startsWith('waits for ReleasePolicy'));

  it('waits for its window, by whoever it is declared, and begins by itself when that opens', async () => {
    await givenV1(cluster);
    await given(opensIn(5));
    apply(cluster, 'v2');
    await waits();
    expect(phase()).toBe('Paused');
    expect(message()).toMatch(/^waits for ReleasePolicy shop\/office: outside its windows, until 20\d\d-.*Z$/);
    expect(cluster.replicaSet(IMAGE('v2'))?.spec.replicas ?? 0).toBe(0);
    expect(cluster.weights()?.canary).toBe(0);
    await promoted(cluster, 'v2');
  });

  it('begins by an override, whose reason is in its history', async () => {
    await givenV1(cluster);
    await given(opensIn(600));
    apply(cluster, 'v2');
    await waits();
    cluster.annotate('override', 'hotfix for incident 4711');
    await promoted(cluster, 'v2');
    expect(cluster.rollout().status?.history?.at(-1)?.command).toMatchObject({
      verb: 'override',
      value: 'hotfix for incident 4711',
    });
  });

  it('stands still while the line is stopped for all, and goes on when that is over', async () => {
    await givenV1(cluster);
    apply(cluster, 'v2');
    await weight(cluster, 10);
    cluster.create(policy({ namespaces: ['sh*'], stop: { reason: 'incident 4711' } }, 'all', 'ClusterReleasePolicy'));
    await cluster.until('it is stopped', () => phase() === 'Paused');
    expect(message()).toBe('stopped by ClusterReleasePolicy all: incident 4711');
    await cluster.run(3_600_000);
    expect(cluster.weights()?.canary).toBe(10);
    cluster.server.store.delete({ group: 'sluice.dev', kind: 'ClusterReleasePolicy' }, 'all');
    await promoted(cluster, 'v2');
  });

  it('is taken back at once when somebody aborts it while the line is stopped, and the cluster with it', async () => {
    await givenV1FromGit(cluster);
    cluster.push(shaped('v2', {}), 'Deploy v2');
    await weight(cluster, 10);
    cluster.create(policy({ stop: { reason: 'incident 4711' } }));
    await cluster.until('it is stopped', () => phase() === 'Paused');
    cluster.annotate('abort', 'too slow');
    await cluster.until('v1 is declared again', () => cluster.declaredImage() === IMAGE('v1'));
    expect(cluster.weights()?.canary).toBe(0);
  });

  it('of Rollouts without the labels of a policy goes on', async () => {
    await givenV1(cluster);
    await given({ selector: { matchLabels: { tier: 'gold' } }, stop: { reason: 'incident' } });
    apply(cluster, 'v2');
    await promoted(cluster, 'v2');
  });
});

describe('a commit', () => {
  let cluster: Cluster;
  beforeEach(async () => {
    cluster = await Cluster.open();
  });
  afterEach(() => cluster.close());

  const app = () => cluster.application().status;
  const DAILY = { kind: 'Deny', schedule: '* * * * *', duration: '1h', reason: 'freeze' };

  it('is not applied while a window of its Application is closed, which says how to have it applied all the same', async () => {
    await givenV1FromGit(cluster);
    cluster.edit('Application', 'shop', (object) => {
      Object.assign(object['spec'] as object, { sync: { prune: true, windows: [DAILY] } });
    });
    const v2 = cluster.push(shop('v2'), 'Deploy v2');
    await cluster.until('v2 waits', () => app()?.message?.includes('waits for spec.sync.windows') ?? false);
    const short = v2.slice(0, 7);
    expect(app()?.message).toContain(`annotate sluice.dev/override="${short} REASON"`);
    expect(cluster.declaredImage()).toBe(IMAGE('v1'));
    const annotate = (text: string): void =>
      cluster.edit('Application', 'shop', ({ metadata }) => {
        metadata.annotations = { ...metadata.annotations, 'sluice.dev/override': text };
      });
    annotate('0123456 wrong commit');
    await cluster.until('it says so', () => app()?.message?.includes('names 0123456') ?? false);
    annotate(`${short} hotfix for incident 4711`);
    await promoted(cluster, 'v2');
    expect(app()?.overrides).toMatchObject([{ commit: v2, reason: 'hotfix for incident 4711' }]);
    expect(cluster.events('Overridden')[0]).toContain('is applied though a window is closed: hotfix for incident 4711');
  });

  it('is kept from drift, and gone back from, while everything is stopped; the next one is not applied', async () => {
    await givenV1FromGit(cluster);
    cluster.push(shaped('v2', {}), 'Deploy v2');
    await weight(cluster, 10);
    cluster.create(policy({ appliesTo: 'Everything', stop: { reason: 'incident' } }));
    await cluster.until('it is stopped', () => cluster.rollout().status?.phase === 'Paused');
    cluster.edit('ConfigMap', 'web-config', (object) => Object.assign(object, { data: { GREETING: 'by hand' } }));
    await cluster.until('drift is put back', () => cluster.greeting() === 'hello');
    cluster.annotate('abort', 'too slow');
    await cluster.until('v1 is declared again', () => cluster.declaredImage() === IMAGE('v1'));
    cluster.push(shaped('v3', {}), 'Deploy v3');
    await cluster.until('v3 is not applied', () => app()?.message?.includes('is not applied: stopped by') ?? false);
    expect(cluster.declaredImage()).toBe(IMAGE('v1'));
    cluster.delete('ReleasePolicy', 'office');
    await promoted(cluster, 'v3');
  });

  it('that changes nothing here is taken at any time', async () => {
    await givenV1FromGit(cluster);
    cluster.create(policy({ appliesTo: 'Everything', stop: { reason: 'incident' } }));
    const docs = cluster.push({ 'README.md': 'more words' }, 'Document');
    await cluster.until('it is taken', () => app()?.revision?.commit === docs);
  });
});
