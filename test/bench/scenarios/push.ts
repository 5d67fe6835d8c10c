// A release by Git alone: a push is announced by a webhook, and nothing else tells of it. From the push to the first weight.
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dump } from 'js-yaml';
import { startGitServer, type GitServer } from '../../support/git-server.ts';
import type { Course } from '../course.ts';
import type { Measured } from '../figures.ts';
import { PROBE_STEPS, PROBE_WEIGHT, rollout, service, virtualService } from '../manifests.ts';

const NAME = 'pushed';
const SECRET = { username: 'ci', password: 'a password', webhookSecret: 'known to both' };
const LIMIT_MS = 60_000;

export async function push(course: Course): Promise<Measured> {
  const { contestant, say, repeats } = course;
  if (!contestant.apiVersion.startsWith('sluice.dev/')) {
    say('  left out: it follows no repository');
    return {};
  }
  const server = await startGitServer({ basic: `${SECRET.username}:${SECRET.password}` });
  try {
    await follow(course, server);
    const took: number[] = [];
    for (let at = 0; at < repeats; at++) took.push(await release(course, server, `${course.round}-${at}`));
    return { push: took };
  } finally {
    await course.world.client.call('DELETE', application(course), undefined, [404]);
    server.close().catch(() => undefined);
  }
}

const application = ({ world, contestant }: Course, name = `/${NAME}`): string =>
  `/apis/${contestant.apiVersion}/namespaces/${world.namespace}/applications${name}`;

async function follow(course: Course, server: GitServer): Promise<void> {
  const { world, contestant } = course;
  const { client, namespace } = world;
  declare(course, server, course.round);
  const secret = { metadata: { name: NAME }, stringData: SECRET };
  await client.call('POST', `/api/v1/namespaces/${namespace}/secrets`, secret, [409]);
  const source = { repoURL: server.url, path: 'deploy', interval: '1h', secretRef: { name: NAME } };
  const spec = { source, writeBack: { onAbort: 'None', notes: false } };
  await client.call('DELETE', application(course), undefined, [404]);
  await client.call('POST', application(course, ''), {
    apiVersion: contestant.apiVersion,
    kind: 'Application',
    metadata: { name: NAME },
    spec,
  });
  await world.healthy([NAME], LIMIT_MS);
  await world.until('what was pushed first is stable', () => world.declares(NAME, course.round), LIMIT_MS);
  await world.healthy([NAME], LIMIT_MS);
}

function declare({ contestant, world }: Course, server: GitServer, revision: string): void {
  const { apiVersion } = contestant;
  const declared = rollout({ apiVersion, name: NAME, steps: PROBE_STEPS, analysed: false, revision });
  const route = virtualService(NAME);
  const objects = [declared, service(`${NAME}-canary`, NAME), service(`${NAME}-stable`, NAME), route];
  const files = objects.map((object, at) => [`deploy/${at}.yaml`, dump(object)] as const);
  server.commit('main', Object.fromEntries(files), `Deploy ${revision} to ${world.namespace}`);
}

/** Milliseconds from the push to the first weight; then it is promoted. */
async function release(course: Course, server: GitServer, revision: string): Promise<number> {
  const { world } = course;
  declare(course, server, revision);
  const began = performance.now();
  await announce(course, server);
  const took = (await world.reached(NAME, PROBE_WEIGHT, LIMIT_MS)) - began;
  const annotations = { 'sluice.dev/promote': 'full' };
  await world.client.call('PATCH', world.path('rollouts', NAME), { metadata: { annotations } });
  await world.reached(NAME, 0, LIMIT_MS);
  await world.healthy([NAME], LIMIT_MS);
  return took;
}

async function announce({ world, logFile }: Course, server: GitServer): Promise<void> {
  const body = JSON.stringify({ repoURL: server.url, ref: 'refs/heads/main' });
  const signature = `sha256=${createHmac('sha256', SECRET.webhookSecret).update(body).digest('hex')}`;
  const headers = { 'content-type': 'application/json', 'x-hub-signature-256': signature };
  const url = `${listensAt(logFile)}/webhook/${world.namespace}/${NAME}`;
  const { status } = await fetch(url, { method: 'POST', headers, body });
  if (status !== 202) throw new Error(`the webhook was answered ${status}`);
}

/** Where the controller said last that it listens. */
function listensAt(logFile: string): string {
  const lines = readFileSync(logFile, 'utf8').split('\n');
  const line = lines.findLast((each) => each.includes('"message":"listening"'));
  if (line === undefined) throw new Error(`${logFile} does not say where the controller listens`);
  return (JSON.parse(line) as { url: string }).url;
}
