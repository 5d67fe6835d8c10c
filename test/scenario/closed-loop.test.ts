// Nobody says here what the metrics are: requests go by the very routes that Sluice writes to pods that behave as they were declared, are
// counted and scraped, and PromQL over them judges the release. All of it in virtual time.
import { afterEach, describe, expect, it } from 'vitest';
import type { Load, Tally } from 'kube-sandbox/load';
import { seededRandom } from 'kube-sandbox/random';
import type { RolloutSpec } from '../../src/api/rollout.ts';
import { Cluster } from './cluster.ts';
import { promoted, shaped, weight } from './given.ts';
import { application, IMAGE, template, WEIGHTS, yaml } from './manifests.ts';

const FAILING = 'response_code=~"5.."';
const requests = (more = ''): string =>
  `sum(rate(istio_requests_total{destination_service_name="{{args.service}}",${more}}[3s]))`;
const SUCCESS_RATE = `1 - (${requests(FAILING)} or vector(0)) / ${requests()}`;
const SLOWEST = `histogram_quantile(0.95, sum by (le) (rate(istio_request_duration_milliseconds_bucket{destination_service_name="{{args.service}}"}[3s])))`;

type Behaviour = Partial<Record<'ERROR_RATE' | 'LATENCY_MS' | 'JITTER_MS', string>>;

/** Files of a shop whose pods behave like that, and whose releases are judged by a query. */
function release(version: string, behaviour: Behaviour, metric = {}, query = SUCCESS_RATE): Record<string, string> {
  const env = Object.entries(behaviour).map(([name, value]) => ({ name, value }));
  const containers = [{ name: 'web', image: IMAGE(version), env }];
  const spec: Partial<RolloutSpec> = { template: { metadata: { labels: { app: 'web' } }, spec: { containers } } };
  const judged = { initialDelay: '4s', interval: '1s', count: 3, failureLimit: 0, ...metric };
  return { ...shaped(version, { spec }), 'deploy/analysis.yaml': yaml(template(judged, { query })) };
}

interface Shop {
  cluster: Cluster;
  load: Load;
}

let open: Shop | undefined;
afterEach(async () => {
  if (open === undefined) return;
  await leave(open);
  open.cluster.end();
  open = undefined;
});

/** v1 serves a steady stream of visitors. */
async function shopWithVisitors(options: { seed?: number; rps?: number } = {}): Promise<Shop> {
  const { seed = 1, rps = 60 } = options;
  const cluster = await Cluster.open({ measured: true, seed });
  cluster.push(release('v1', { LATENCY_MS: '5' }), 'Deploy v1');
  cluster.create(application());
  await cluster.start();
  await promoted(cluster, 'v1');
  const load = cluster.sandbox.startLoad({ host: 'web.shop.example.com', rps, poisson: seededRandom(seed) });
  open = { cluster, load };
  await cluster.run(5_000);
  return open;
}

/** The visitors go; what they have asked for is answered. */
async function leave({ cluster, load }: Shop): Promise<void> {
  const gone = load.stop();
  await cluster.run(1_000);
  await gone;
}

const reverted = (cluster: Cluster): Promise<void> =>
  cluster.until('Git is taken back to v1', () => {
    const { phase } = cluster.application().status ?? {};
    return cluster.log()[0]?.startsWith('Revert') && phase === 'Synced' && cluster.declaredImage() === IMAGE('v1');
  });

const versionsOf = ({ byVersion }: Tally): string[] => [...byVersion.keys()].toSorted();

describe('a release that fails its visitors', () => {
  it('is caught by what they met, and undone: traffic, pods, spec and Git', async () => {
    const { cluster, load } = await shopWithVisitors();
    load.mark();
    const v2 = cluster.push(release('v2', { LATENCY_MS: '5', ERROR_RATE: '0.3' }), 'Deploy v2');
    await reverted(cluster);
    const during = load.mark();
    await cluster.run(30_000);
    expect(cluster.audit.weights.get(IMAGE('v2'))).toEqual([10, 0]);
    expect(cluster.weights()).toEqual({ stable: 100, canary: 0 });
    expect(cluster.declaredImage()).toBe(IMAGE('v1'));
    expect(cluster.repository.notes.get(v2)).toMatch(/^Aborted: [^]*success-rate Failed/m);
    // Those who were sent to it in the meantime met errors, and nobody else.
    expect(during.byVersion.get('v2')?.failed).toBeGreaterThan(0);
    expect(during.byVersion.get('v2')?.failed).toBe(during.failed);
    expect(during.share({ version: 'v2' })).toBeLessThan(0.1);
    expect(versionsOf(load.sinceMark)).toEqual(['v1']);
    expect(load.sinceMark.failed).toBe(0);
  });

  it('is caught by its slowest answers as well', async () => {
    const { cluster, load } = await shopWithVisitors();
    const metric = { successCondition: 'result[0] <= 100' };
    cluster.push(release('v2', { LATENCY_MS: '5', JITTER_MS: '400' }, metric, SLOWEST), 'Deploy v2');
    await reverted(cluster);
    expect(cluster.audit.weights.get(IMAGE('v2'))).toEqual([10, 0]);
    expect(load.total.failed).toBe(0);
  });

  it('only under load is caught at the step where it breaks', async () => {
    const { cluster } = await shopWithVisitors();
    cluster.push(release('v2', { LATENCY_MS: '5' }), 'Deploy v2');
    await weight(cluster, 50);
    for (const pod of cluster.podsOf(IMAGE('v2'))) cluster.annotatePod(pod, 'kube-sandbox/error-rate', '0.5');
    await reverted(cluster);
    expect(cluster.audit.weights.get(IMAGE('v2'))).toEqual([10, 25, 50, 0]);
  });
});

describe('a release that serves its visitors well', () => {
  it('gets as many of them as each step says, all in the end, and nobody met an error', async () => {
    const { cluster, load } = await shopWithVisitors({ rps: 200 });
    cluster.push(release('v2', { LATENCY_MS: '5' }), 'Deploy v2');
    for (const percent of WEIGHTS.slice(0, -1)) {
      await weight(cluster, percent);
      load.mark();
      await cluster.run(4_000);
      expect(load.mark().share({ version: 'v2' })).toBeCloseTo(percent / 100, 1);
    }
    await promoted(cluster, 'v2');
    load.mark();
    await cluster.run(5_000);
    expect(versionsOf(load.sinceMark)).toEqual(['v2']);
    expect(load.total.failed).toBe(0);
  });
});

describe('a release that nobody visits', () => {
  it('is taken back: no number is no good number', async () => {
    const { cluster, load } = await shopWithVisitors();
    await leave({ cluster, load });
    await cluster.run(10_000);
    cluster.push(release('v2', { LATENCY_MS: '5' }), 'Deploy v2');
    await reverted(cluster);
    expect(cluster.audit.weights.get(IMAGE('v2'))).toEqual([10, 0]);
    expect(cluster.events('RolloutAborted').at(-1)).toContain('the query answered an empty vector, which is no data');
  });
});

describe('the whole loop', () => {
  /** A bad release from one seed, in all its particulars. */
  async function story(seed: number): Promise<unknown> {
    const { cluster, load } = await shopWithVisitors({ seed });
    cluster.push(release('v2', { JITTER_MS: '20', ERROR_RATE: '0.3' }), 'Deploy v2');
    await reverted(cluster);
    await leave({ cluster, load });
    const told = [cluster.clock.now(), cluster.events(), cluster.log(), [...cluster.repository.notes.values()]];
    const { succeeded, failed, byPodHash } = load.total;
    cluster.end();
    open = undefined;
    return [...told, succeeded, failed, [...byPodHash], cluster.sandbox.gateway.telemetry.expose()];
  }

  it('is the same to the letter from the same seed, and another from another', async () => {
    const first = await story(7);
    expect(await story(7)).toEqual(first);
    expect(await story(8)).not.toEqual(first);
  });
});
