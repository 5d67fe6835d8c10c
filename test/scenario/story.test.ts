import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { POD_TEMPLATE_HASH } from '../../src/api/names.ts';
import { GitError } from '../../src/git/types.ts';
import { Cluster } from './cluster.ts';
import { application, IMAGE, rollout, shop, WEIGHTS, yaml } from './manifests.ts';

let cluster: Cluster;
beforeEach(async () => {
  cluster = await Cluster.open();
});
afterEach(() => cluster.end());

const isPromoted = (version: string): boolean => {
  const { status } = cluster.rollout();
  return (
    cluster.declaredImage() === IMAGE(version) &&
    status?.phase === 'Healthy' &&
    status.stableRS === status.currentPodHash
  );
};
const promoted = (version: string): Promise<void> => cluster.until(`${version} is promoted`, () => isPromoted(version));
const hold = () => cluster.application().status?.holds?.[0];
const isReverted = (version: string): boolean =>
  cluster.declaredImage() === IMAGE(version) &&
  cluster.rollout().metadata.annotations?.['sluice.dev/held'] !== undefined;

/** v1 is deployed and v2 is promoted. */
async function givenV2(spec: Record<string, unknown> = {}): Promise<{ v1: string; v2: string }> {
  const v1 = cluster.push(shop('v1'), 'Deploy v1');
  cluster.create(application(spec));
  await cluster.start();
  await promoted('v1');
  const v2 = cluster.push(shop('v2'), 'Deploy v2');
  await promoted('v2');
  return { v1, v2 };
}

/** A fifth of v3's requests fail, and its commit changes the configuration, too. */
function pushBadV3(): string {
  cluster.prometheus.rates.set(IMAGE('v3'), 0.8);
  return cluster.push(shop('v3', 'hello from v3'), 'Deploy v3');
}

describe('a good release', () => {
  it('goes through every weight with an analysis at each, and is promoted', async () => {
    const { v2 } = await givenV2();
    expect(cluster.audit.weights.get(IMAGE('v2'))).toEqual([...WEIGHTS, 0]);
    const phases = cluster.runs().map((run) => (run.status as { phase: string }).phase);
    expect(phases).toEqual(['Successful', 'Successful', 'Successful', 'Successful']);
    expect(cluster.weights()).toEqual({ stable: 100, canary: 0 });
    const { stableRS, stableRevision, history, step } = cluster.rollout().status ?? {};
    expect(cluster.selected('web-stable')).toBe(stableRS);
    expect(stableRevision).toMatchObject({ commit: v2, subject: 'Deploy v2' });
    expect(history?.map(({ outcome }) => outcome)).toEqual(['Promoted', 'Promoted']);
    expect(step).toBe('8/8');
  });

  it('tells of each step in Events, in order', async () => {
    const { v2 } = await givenV2();
    const since = cluster.events().findIndex((event) => event.includes(`Rolling out revision ${v2.slice(0, 7)}`));
    const told = cluster
      .events()
      .join('\n')
      .matchAll(/Steps? (\d)(?:-(\d))?\/8 completed \(([^)]*)\)/g);
    const steps = [...told].map(([, first, last = first, what]) => ({
      first: Number(first),
      last: Number(last),
      what,
    }));
    expect(since).toBeGreaterThan(-1);
    // Each step once, in order; those that follow at once in one Event.
    expect(steps.flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, at) => first + at))).toEqual(
      [1, 2, 3, 4, 5, 6, 7, 8],
    );
    expect(steps.flatMap(({ what }) => what?.split(', '))).toEqual(
      WEIGHTS.flatMap((percent) => [`weight ${percent}`, 'analysis']),
    );
    const end = `; revision ${v2.slice(0, 7)} is promoted`;
    expect(cluster.events('RolloutCompleted').filter((event) => event.endsWith(end))).toHaveLength(1);
  });

  it('leaves a note with the evidence on the commit', async () => {
    const { v2 } = await givenV2();
    await cluster.until('the note is pushed', () => cluster.repository.notes.has(v2));
    const note = cluster.repository.notes.get(v2) ?? '';
    expect(note).toContain('Promoted: Rollout shop/web (Application shop/shop)');
    expect(note).toContain('measured: [1] (Successful), [1] (Successful)');
  });

  it('retires the pods of the old revision after the delay, and keeps its ReplicaSet to go back to', async () => {
    await givenV2();
    expect(cluster.pods()).toEqual({ v1: 4, v2: 4 });
    await cluster.until('the old pods are gone', () => cluster.pods()['v1'] === 0, 31_000);
    expect(cluster.pods()).toEqual({ v1: 0, v2: 4 });
  });

  it('writes nothing when there is nothing to do', async () => {
    await givenV2();
    await cluster.run(120_000);
    const [process] = cluster.processes;
    const before = process?.writes.length;
    await cluster.run(3_600_000);
    expect(process?.writes.slice(before)).toEqual([]);
  });
});

describe('a bad release', () => {
  it('is caught at the first step: the traffic goes back, in the cluster everything is as the stable commit declared it', async () => {
    const { v2 } = await givenV2({ writeBack: { onAbort: 'None' } });
    const v3 = pushBadV3();
    await cluster.until('v3 is taken back', () => isReverted('v2'));
    expect(cluster.audit.weights.get(IMAGE('v3'))).toEqual([10, 0]);
    expect(cluster.weights()).toEqual({ stable: 100, canary: 0 });
    expect(cluster.greeting()).toBe('hello');
    expect(hold()).toMatchObject({ rejected: { commit: v3 }, stable: { commit: v2 } });
    expect(cluster.events('RolloutAborted')[0]).toContain(`Rollout aborted update to revision ${v3.slice(0, 7)}`);
    expect(cluster.events('RolloutAborted')[0]).toMatch(/success-rate.*0\.8/);
    expect(cluster.events('Held')).toEqual([`Held: ${cluster.application().status?.message}`]);
  });

  it('is reverted in Git by a commit that says why, with trailers for machines', async () => {
    const { v2 } = await givenV2();
    const v3 = pushBadV3();
    await cluster.until('a revert is pushed', () => cluster.commits()[1]?.oid === v3);
    const [revert] = cluster.commits();
    expect(revert?.subject).toMatch(new RegExp(`^Revert web to ${v2.slice(0, 7)}: .*success-rate`));
    expect(revert?.message).toContain('Sluice-Rollout: shop/web\n');
    expect(revert?.message).toContain(`Sluice-Rejected: ${v3}\n`);
    expect(revert?.message).toContain(`Sluice-Restored: ${v2}\n`);
    expect(revert?.message).toMatch(/measured: \[0\.8\] \(Failed\)/);
    expect(revert?.files).toEqual(cluster.commits()[2]?.files);
  });

  it('ends healthy once the revert has landed: the hold is over, and both commits carry a note', async () => {
    await givenV2();
    const v3 = pushBadV3();
    await cluster.until('a revert is pushed', () => cluster.commits()[1]?.oid === v3);
    await cluster.until('the hold ends', () => hold() === undefined && isPromoted('v2'));
    expect(cluster.application().status?.phase).toBe('Synced');
    const revert = cluster.commits()[0]?.oid ?? '';
    expect(cluster.repository.notes.get(v3)).toContain('Aborted: Rollout shop/web');
    expect(cluster.repository.notes.get(v3)).toContain('[0.8] (Failed)');
    expect(cluster.repository.notes.get(revert)).toContain('Restored: Rollout shop/web');
    await cluster.run(600_000);
    expect(cluster.log().filter((subject) => subject.startsWith('Revert'))).toHaveLength(1);
    expect(cluster.rollout().status?.history?.map(({ outcome }) => outcome)).toEqual([
      'Promoted',
      'Promoted',
      'Aborted',
    ]);
  });

  it('stays held without write-back, and says so on the Rollout and the Application', async () => {
    const { v2 } = await givenV2({ writeBack: { onAbort: 'None' } });
    const v3 = pushBadV3();
    await cluster.until('v3 is held', () => cluster.application().status?.phase === 'Held');
    await cluster.run(600_000);
    expect(cluster.rollout().status?.phase).toBe('Degraded');
    expect(cluster.rollout().status?.message).toMatch(
      new RegExp(`^held at ${v2.slice(0, 7)}: ${v3.slice(0, 7)} rejected, .*success-rate.*0\\.8`),
    );
    expect(cluster.application().status?.message).toMatch(
      new RegExp(`^web held at ${v2.slice(0, 7)}: ${v3.slice(0, 7)} rejected, `),
    );
    expect(cluster.log()[0]).toBe('Deploy v3');
    expect(cluster.weights()).toEqual({ stable: 100, canary: 0 });
    expect(cluster.audit.weights.get(IMAGE('v3'))).toEqual([10, 0]);
  });

  it('is tried again when somebody says retry, and promoted if it is well now', async () => {
    await givenV2({ writeBack: { onAbort: 'None' } });
    pushBadV3();
    await cluster.until('v3 is held', () => isReverted('v2'));
    cluster.prometheus.rates.set(IMAGE('v3'), 1);
    cluster.prometheus.condemned.clear();
    cluster.annotate('retry');
    await promoted('v3');
    expect(cluster.rollout().metadata.annotations).not.toHaveProperty('sluice.dev/retry');
    expect(cluster.greeting()).toBe('hello from v3');
    expect(hold()).toBeUndefined();
  });

  it('is rejected again, with a new hold, when it is no better at the retry', async () => {
    await givenV2({ writeBack: { onAbort: 'None' } });
    pushBadV3();
    await cluster.until('v3 is held', () => isReverted('v2'));
    const since = hold()?.since;
    cluster.prometheus.condemned.clear();
    await cluster.run(60_000);
    cluster.annotate('retry');
    await cluster.until('it is held again', () => isReverted('v2') && hold()?.since !== since);
    expect(cluster.audit.weights.get(IMAGE('v3'))).toEqual([10, 0, 10, 0]);
  });

  it('gives way to a fix, which is released from the stable revision', async () => {
    await givenV2({ writeBack: { onAbort: 'None' } });
    pushBadV3();
    await cluster.until('v3 is held', () => isReverted('v2'));
    cluster.push(shop('v4', 'hello from v4'), 'Fix v3');
    await promoted('v4');
    expect(hold()).toBeUndefined();
    expect(cluster.greeting()).toBe('hello from v4');
    expect(cluster.audit.weights.get(IMAGE('v4'))).toEqual([...WEIGHTS, 0]);
  });

  it('is taken back from the snapshot when the branch was rewritten and Git is out of reach', async () => {
    const { v2 } = await givenV2();
    pushBadV3();
    await cluster.until('v3 has traffic', () => cluster.weights()?.canary === 10);
    cluster.forcePush(shop('v3', 'hello from v3'), 'Everything anew');
    cluster.repository.failure = new GitError('unreachable', 'connect ECONNREFUSED 10.0.0.1:443');
    await cluster.until('v3 is taken back', () => isReverted('v2'));
    expect(cluster.greeting()).toBe('hello');
    expect(cluster.weights()).toEqual({ stable: 100, canary: 0 });
    expect(hold()?.stable?.commit).toBe(v2);
    cluster.repository.failure = undefined;
    await cluster.until('the revert lands on the new history', () => cluster.log()[1] === 'Everything anew');
    await cluster.until('the hold ends', () => hold() === undefined && isPromoted('v2'));
  });

  it('is taken back by a process that has never seen Git', async () => {
    await givenV2();
    pushBadV3();
    await cluster.until('v3 has traffic', () => cluster.weights()?.canary === 10);
    cluster.close();
    cluster.repository.failure = new GitError('unreachable', 'connect ECONNREFUSED 10.0.0.1:443');
    await cluster.start();
    await cluster.until('v3 is taken back', () => isReverted('v2'));
    expect(cluster.greeting()).toBe('hello');
  });

  describe('when the process died before it could keep what was promoted', () => {
    /** v2 is promoted, its snapshot is not written, and nobody is there when v3 is pushed. */
    async function givenUnrecordedV2(): Promise<void> {
      cluster.push(shop('v1'), 'Deploy v1');
      cluster.create(application({ writeBack: { onAbort: 'None' } }));
      await cluster.start();
      await promoted('v1');
      await cluster.run(10_000);
      const isSnapshot = ({ method, path }: { method: string; path: string }): boolean =>
        method === 'PATCH' && path.includes('/secrets/sluice-stable-web');
      const heal = cluster.server.intercept((request) => (isSnapshot(request) ? { fail: 500 } : undefined));
      cluster.push(shop('v2'), 'Deploy v2');
      await promoted('v2');
      cluster.close();
      heal();
    }

    it('reads it back from Git, and goes back to it', async () => {
      await givenUnrecordedV2();
      pushBadV3();
      await cluster.start();
      await cluster.until('v3 is taken back', () => isReverted('v2'));
      expect(cluster.greeting()).toBe('hello');
    });

    it('leaves the traffic on the stable revision, and goes back to nothing older, when Git has lost it, too', async () => {
      await givenUnrecordedV2();
      cluster.prometheus.rates.set(IMAGE('v3'), 0.8);
      cluster.forcePush(shop('v3'), 'Everything anew');
      await cluster.start();
      await cluster.until('v3 is aborted', () => cluster.rollout().status?.abort === true);
      await cluster.run(300_000);
      expect(cluster.declaredImage()).toBe(IMAGE('v3'));
      expect(cluster.weights()).toEqual({ stable: 100, canary: 0 });
      expect(cluster.canaryImage()).toBe(IMAGE('v2'));
      expect(cluster.rollout().status?.message).toMatch(/^RolloutAborted: .*success-rate/);
      const ready = cluster.condition(cluster.application(), 'RevertReady');
      expect(ready).toMatchObject({ status: 'False', reason: 'NothingToGoBackTo' });
      expect(ready?.['message']).toMatch(/the stable revision on record is an older one/);
    });
  });

  it('has its traffic taken away before Git or Prometheus are asked anything', async () => {
    await givenV2();
    await cluster.run(60_000);
    cluster.prometheus.rates.set(IMAGE('v3'), 0.8);
    cluster.push(shop('v3'), 'Deploy v3');
    await cluster.until('v3 has traffic', () => cluster.weights()?.canary === 10);
    const from = cluster.journal.length;
    await cluster.until('the traffic is back', () => cluster.weights()?.canary === 0);
    const asked = cluster.journal.slice(from);
    const verdict = asked.indexOf('prometheus query');
    const back = asked.findIndex((line) => line.startsWith('kube PATCH') && line.endsWith('/virtualservices/web'));
    expect(verdict).toBeGreaterThan(-1);
    expect(asked.slice(verdict + 1, back)).toEqual([]);
  });

  it('goes back to the stable revision, not to one that was never promoted', async () => {
    await givenV2({ writeBack: { onAbort: 'None' } });
    cluster.push(shop('v3'), 'Deploy v3');
    await cluster.until('v3 has traffic', () => cluster.weights()?.canary === 25);
    cluster.prometheus.rates.set(IMAGE('v4'), 0.5);
    cluster.push(shop('v4'), 'Deploy v4');
    await cluster.until('v4 is taken back', () => isReverted('v2'));
    expect(cluster.audit.weights.get(IMAGE('v4'))).toEqual([10, 0]);
    expect(cluster.rollout().status?.history?.map(({ outcome }) => outcome)).toEqual([
      'Promoted',
      'Promoted',
      'Superseded',
      'Aborted',
    ]);
  });

  it('has nothing to go back to when it is the first ever: it keeps what there is, and says so', async () => {
    cluster.workloads.broken.add(IMAGE('v1'));
    const files = {
      ...shop('v1'),
      'deploy/rollout.yaml': yaml(rollout('v1', { spec: { progressDeadlineSeconds: 60 } })),
    };
    cluster.push(files, 'Deploy v1');
    cluster.create(application());
    await cluster.start();
    await cluster.until('it is degraded', () => cluster.rollout().status?.phase === 'Degraded');
    expect(cluster.rollout().status?.message).toContain('no progress for 60s; 0 of 4 pods');
    expect(cluster.pods()).toEqual({ v1: 4 });
    expect(hold()).toBeUndefined();
    cluster.workloads.mend(IMAGE('v1'));
    await promoted('v1');
  });
});

describe('what a revision is', () => {
  it('is named by the hash of its declared template, on pods and Service selectors alike', async () => {
    await givenV2();
    const hash = cluster.rollout().status?.stableRS;
    const rs = cluster.replicaSet(IMAGE('v2'));
    expect(rs?.metadata.name).toBe(`web-${hash}`);
    expect(rs?.spec.template.metadata?.labels?.[POD_TEMPLATE_HASH]).toBe(hash);
    expect(cluster.selected('web-canary')).toBe(hash);
  });
});
