// What a commit may have deleted at once is measured by all that left Git with it, whenever it goes.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Cluster } from './cluster.ts';
import { givenV1FromGit } from './given.ts';

describe('a commit that takes out most of what is applied', () => {
  let cluster: Cluster;
  beforeEach(async () => {
    cluster = await Cluster.open();
  });
  afterEach(() => cluster.close());

  const there = (): string[] =>
    [
      ['ConfigMap', 'web-config'],
      ['Service', 'web-stable'],
      ['Service', 'web-canary'],
      ['VirtualService', 'web'],
      ['AnalysisTemplate', 'success-rate'],
    ].flatMap(([kind = '', name = '']) => (cluster.find(kind, name) === undefined ? [] : [name]));

  it('has a person asked before anything goes, though the stable revision needs some of it for now', async () => {
    await givenV1FromGit(cluster);
    const all = there();
    const commit = cluster.push(
      {
        'deploy/config.yaml': null,
        'deploy/services.yaml': null,
        'deploy/virtual-service.yaml': null,
        'deploy/analysis.yaml': null,
      },
      'Take out all but the Rollout',
    );
    await cluster.until('it is taken', () => cluster.application().status?.revision?.commit === commit);
    await cluster.run(300_000);
    expect(there()).toEqual(all);
    const confirmation = `sluice.dev/confirm-prune=${commit.slice(0, 7)}`;
    expect(JSON.stringify(cluster.application().status?.resources)).toContain(confirmation);
    cluster.edit('Application', 'shop', ({ metadata }) => {
      metadata.annotations = { ...metadata.annotations, 'sluice.dev/confirm-prune': commit.slice(0, 7) };
    });
    await cluster.until('all of it has gone', () => there().length === 0);
  });
});
