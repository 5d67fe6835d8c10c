// A release that is promoted and one that is aborted, and what the commands of the ledger tell of them: while they run, afterwards, and from
// Git alone.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { notedHistoryOf, historyOf, servedThen, whyOf } from './asked.ts';
import { Cluster } from './cluster.ts';
import { application, IMAGE, shop } from './manifests.ts';

let cluster: Cluster;
beforeEach(async () => {
  cluster = await Cluster.open();
});
afterEach(() => cluster.end());

const promoted = (version: string): Promise<void> =>
  cluster.until(`${version} is promoted`, () => {
    const { status } = cluster.rollout();
    return (
      cluster.declaredImage() === IMAGE(version) &&
      status?.phase === 'Healthy' &&
      status.stableRS === status.currentPodHash
    );
  });
const held = (): Promise<void> =>
  cluster.until(
    'v3 is held',
    () => (cluster.application().status?.holds ?? []).length > 0 && cluster.greeting() === 'hello',
  );
const short = (commit: string): string => commit.slice(0, 7);

/** v1 is deployed, v2 is promoted, v3 is aborted. The times are those in the middle of each. */
async function story(spec: Record<string, unknown> = {}) {
  const v1 = cluster.push(shop('v1'), 'Deploy v1');
  cluster.create(application(spec));
  await cluster.start();
  await promoted('v1');
  await cluster.run(60_000);
  const first = cluster.clock.now();
  const v2 = cluster.push(shop('v2'), 'Deploy v2\n\nReviewed-by: Grace <grace@example.com>\n');
  await cluster.until('v2 has traffic', () => (cluster.weights()?.canary ?? 0) > 0);
  await cluster.run(2_500);
  const second = cluster.clock.now();
  const while2 = { history: await historyOf(cluster, 'web'), why: await whyOf(cluster, 'web') };
  await promoted('v2');
  await cluster.run(60_000);
  const third = cluster.clock.now();
  cluster.prometheus.rates.set(IMAGE('v3'), 0.8);
  const v3 = cluster.push(shop('v3', 'hello from v3'), 'Deploy v3');
  await held();
  return { v1, v2, v3, first, second, third, while2 };
}

describe('the ledger of releases', () => {
  it('tells of the release under way: since when, at which weight, and what can be done', async () => {
    const { v2, while2 } = await story({ writeBack: { onAbort: 'None' } });
    expect(while2.history.split('\n')[1]).toMatch(new RegExp(`shop/web +${short(v2)} +UnderWay 10% .* Ada +Deploy v2`));
    expect(while2.why).toContain('Rollout shop/web is Progressing: ');
    expect(while2.why).toContain(`${short(v2)} (Deploy v2, by Ada) is being released since `);
    expect(while2.why).toMatch(/Analysis web-\S+ is Running: /);
    expect(while2.why).toContain('kubectl annotate rollouts.sluice.dev web -n shop sluice.dev/abort=true');
  });

  it('tells of what ended, in the cluster and from Git alone alike', async () => {
    const { v1, v2, v3 } = await story({ writeBack: { onAbort: 'None' } });
    await cluster.until('v3 is noted', () => cluster.repository.notes.has(v3));
    const rows = (text: string) =>
      text
        .split('\n')
        .slice(1)
        .map((line) => line.split(/ {2,}/).slice(1, 4));
    const expected = [
      ['shop/web', short(v3), 'Aborted'],
      ['shop/web', short(v2), 'Promoted'],
      ['shop/web', short(v1), 'Promoted'],
    ];
    expect(rows(await historyOf(cluster, 'web'))).toEqual(expected);
    expect(rows(await historyOf(cluster, 'shop'))).toEqual(expected);
    expect(rows(notedHistoryOf(cluster, 'web'))).toEqual(expected);
    expect(notedHistoryOf(cluster, 'app/shop')).toBe(notedHistoryOf(cluster, 'web'));
  });

  it('tells from Git alone what served when, who reviewed it and what was measured', async () => {
    const { v1, v2, v3, first, second, third } = await story({ writeBack: { onAbort: 'None' } });
    await cluster.until('v3 is noted', () => cluster.repository.notes.has(v3));
    expect(servedThen(cluster, first)).toContain(`  stable: 100% ${short(v1)} Deploy v1`);
    const then = servedThen(cluster, second);
    expect(then).toContain(`  stable: 90% ${short(v1)} Deploy v1`);
    expect(then).toContain(`  candidate: 10% ${short(v2)} Deploy v2`);
    expect(then).toContain('written by Ada, reviewed by Grace <grace@example.com>');
    expect(then).toContain('ended Promoted ');
    expect(servedThen(cluster, third)).toContain(`  stable: 100% ${short(v2)} Deploy v2`);
    const now = servedThen(cluster, cluster.clock.now());
    expect(now).toContain(`  stable: 100% ${short(v2)} Deploy v2`);
    expect(now).not.toContain(short(v3));
  });

  it('tells why it was aborted, where it went back to, and what ends the hold', async () => {
    const { v2, v3 } = await story({ writeBack: { onAbort: 'None' } });
    const why = await whyOf(cluster, 'web');
    expect(why).toContain(`Rollout shop/web is Degraded: held at ${short(v2)}: ${short(v3)} rejected, `);
    expect(why).toMatch(new RegExp(`${short(v3)} \\(Deploy v3, by Ada\\) was aborted at .*success-rate`));
    expect(why).toMatch(/Measured: web-\S+: success-rate Failed: 0 good, 1 bad.*last measured \[0\.8\]/);
    expect(why).toContain(`The traffic is with ${short(v2)} (Deploy v2, by Ada) again.`);
    expect(why).toContain(`Application shop/shop holds it at ${short(v2)}, because ${short(v3)} was rejected: `);
    expect(why).toContain('Nothing is written back to Git: spec.writeBack.onAbort is None.');
    expect(why).toContain('The hold ends when Git declares other content there, or when somebody asks for a retry.');
    expect(why).toContain('  kubectl annotate rollouts.sluice.dev web -n shop sluice.dev/retry=true');
    expect(await whyOf(cluster, 'shop')).toContain('Application shop/shop is Held: web held at ');
  });

  it('tells of the commit that restored the files, and that all is well again', async () => {
    const { v3 } = await story();
    await cluster.until('a revert is pushed', () => cluster.commits()[1]?.oid === v3);
    const revert = cluster.commits()[0]?.oid ?? '';
    await cluster.until('it is noted', () => cluster.repository.notes.has(revert));
    await promoted('v2');
    expect(notedHistoryOf(cluster, 'web').split('\n')[1]).toMatch(new RegExp(`${short(revert)} +Restored`));
    const now = servedThen(cluster, cluster.clock.now());
    expect(now).toContain(`  stable: 100% ${short(revert)}, since `);
    expect(now).toContain(`restored after ${short(v3)} was rejected`);
    expect(await whyOf(cluster, 'web')).toMatch(/^Rollout shop\/web is Healthy since .*: it serves [0-9a-f]{7} \(/);
    expect(await whyOf(cluster, 'shop')).toMatch(/^Application shop\/shop is Synced/);
  });

  it('answers a name that is not there with one that is near, or where it is', async () => {
    await story({ writeBack: { onAbort: 'None' } });
    await expect(whyOf(cluster, 'wbe')).rejects.toThrow(
      'there is neither a Rollout nor an Application wbe in namespace shop; did you mean web?',
    );
    await expect(historyOf(cluster, 'rollout/sho')).rejects.toThrow('there is no Rollout sho in namespace shop');
    await expect(whyOf(cluster, 'pod/web')).rejects.toThrow('write NAME, rollout/NAME or app/NAME');
  });
});
