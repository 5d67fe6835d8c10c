// The files of examples/blue-green, unchanged, as somebody would push them.
import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ACTIVE, active, previewed, serves } from './blue-green.ts';
import { Cluster } from './cluster.ts';
import { promoted } from './given.ts';
import { application } from './manifests.ts';

const FOLDER = new URL('../../examples/blue-green/deploy/', import.meta.url);

function example(version: string): Record<string, string> {
  const texts = readdirSync(FOLDER).map((name) => [`deploy/${name}`, readFileSync(new URL(name, FOLDER), 'utf8')]);
  return Object.fromEntries(texts.map(([path = '', text = '']) => [path, text.replaceAll('web:v1', `web:${version}`)]));
}

let cluster: Cluster;
beforeEach(async () => {
  cluster = await Cluster.open();
});
afterEach(() => cluster.end());

it('is deployed, a good release of it takes over, and a bad one is switched back and reverted', async () => {
  cluster.prometheus.script = (query) => (query.includes(ACTIVE) && active(cluster) === 'v3' ? [0.8] : [1]);
  cluster.push(example('v1'), 'Declare the shop');
  cluster.create(application());
  await cluster.start();
  await promoted(cluster, 'v1');
  cluster.push(example('v2'), 'Release v2');
  await cluster.until('v2 is looked at', () => previewed(cluster) === 'v2' && active(cluster) === 'v1');
  await promoted(cluster, 'v2');
  const v3 = cluster.push(example('v3'), 'Release v3');
  await serves(cluster, 'v3');
  await serves(cluster, 'v2');
  await cluster.until('a revert is pushed', () => cluster.commits()[1]?.oid === v3);
  await promoted(cluster, 'v2');
  expect([active(cluster), previewed(cluster)]).toEqual(['v2', 'v2']);
});
