// The demo tells what happens to the objects, in words that are true. Played against the API server of the sandbox.
import { readdirSync, readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { KubeObject } from '../../src/api/k8s.ts';
import { POD_TEMPLATE_HASH } from '../../src/api/names.ts';
import { liveScreen } from '../../src/cli/demo/screen.ts';
import { Story } from '../../src/cli/demo/story.ts';
import { kubeClient } from '../../src/kube/client.ts';
import { systemClock } from '../../src/ports/clock.ts';
import { createApiServer, type ApiServer } from 'kube-sandbox/api-server';
import { routerDefinitions } from 'kube-sandbox/router-crds';
import { application, rollout, service, virtualService } from '../scenario/manifests.ts';

const CRDS = new URL('../../crds/', import.meta.url);
const GROUPS: Record<string, string> = {
  Rollout: 'sluice.dev',
  Application: 'sluice.dev',
  VirtualService: 'networking.istio.io',
  CustomResourceDefinition: 'apiextensions.k8s.io',
};
const groupKind = (kind: string) => ({ group: GROUPS[kind] ?? '', kind });

let server: ApiServer;
let story: Story;
const texts = (): string[] => story.moments.map(({ text }) => text);
const create = (object: object): void =>
  void server.store.create(groupKind((object as KubeObject).kind), object as KubeObject, { manager: 'test' });

function edit<T = KubeObject>(kind: string, name: string, change: (object: T) => void): void {
  const object = server.store.get(groupKind(kind), name, 'shop') as KubeObject;
  change(object as T);
  server.store.update(groupKind(kind), object, { manager: 'test' });
}

function applicationSays(status: object): void {
  const object = server.store.get(groupKind('Application'), 'shop', 'shop') as KubeObject;
  server.store.updateStatus(groupKind('Application'), { ...object, status });
}

const select = (name: string, hash: string): void =>
  edit<{ spec: { selector: Record<string, string> } }>('Service', name, ({ spec }) => {
    spec.selector = { app: 'web', [POD_TEMPLATE_HASH]: hash };
  });
const shift = (canary: number): void =>
  edit<{ spec: { http: { route: { weight: number }[] }[] } }>('VirtualService', 'web', ({ spec }) => {
    const [a, b] = spec.http[0]?.route ?? [];
    if (a && b) [a.weight, b.weight] = [100 - canary, canary];
  });
const told = (text: RegExp): Promise<string> =>
  story.until(String(text), () => texts().find((each) => text.test(each)));

beforeEach(async () => {
  server = createApiServer({ clock: systemClock });
  const own = readdirSync(CRDS).map((file) => load(readFileSync(new URL(file, CRDS), 'utf8')) as KubeObject);
  for (const crd of [...own, ...routerDefinitions()]) create(structuredClone(crd));
  const client = kubeClient({ transport: server.transport('test'), version: 'test', clock: systemClock });
  create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
  for (const object of [service('web-stable'), service('web-canary'), virtualService(), rollout('v1'), application()])
    create(object);
  for (const name of ['web-stable', 'web-canary']) select(name, 'old');
  story = new Story(client, () => {});
  await story.until('it follows', ({ rollout: seen, application: app }) => (seen && app ? true : undefined));
});
afterEach(() => story.stop());

it('after a promotion all traffic stays with the new revision, whatever the weights are put to', async () => {
  select('web-canary', 'new');
  shift(10);
  await told(/^traffic: 10% to the new revision, 90% to the stable one$/);
  shift(100);
  await told(/^traffic: 100% to the new revision/);
  select('web-stable', 'new');
  shift(0);
  await told(/^traffic: all of it stays with the new revision/);
  expect(texts().filter((text) => text.startsWith('traffic: 0%'))).toEqual([]);
});

it('after an abort none of it does', async () => {
  select('web-canary', 'new');
  shift(10);
  await told(/^traffic: 10%/);
  shift(0);
  select('web-canary', 'old');
  expect(await told(/^traffic: (0|all)/)).toBe('traffic: 0% to the new revision, 100% to the stable one');
});

it('a commit is told as applied once it is, and one that is refused as not applied, with the reason', async () => {
  const commit = (letter: string, subject: string) => ({
    commit: letter.repeat(40),
    short: letter.repeat(7),
    repo: 'shop',
    subject,
  });
  const [good, bad] = [commit('a', 'Good'), commit('b', 'Bad')];
  applicationSays({ phase: 'OutOfSync', message: 'aaaaaaa is being looked at', revision: good, attempted: good });
  applicationSays({ phase: 'Synced', message: 'aaaaaaa is applied: Good', revision: good, attempted: good });
  applicationSays({
    phase: 'Failed',
    message: 'web.yaml:3: oops; aaaaaaa stays applied',
    revision: good,
    attempted: bad,
  });
  await told(/oops/);
  expect(texts().filter((text) => text.startsWith('application/shop'))).toEqual([
    'application/shop applied aaaaaaa "Good"',
    'application/shop does not apply bbbbbbb: web.yaml:3: oops; aaaaaaa stays applied',
  ]);
});

it('the picture says how many steps are done beside the step that is under way', () => {
  const written: string[] = [];
  const out = { columns: 200, write: (text: string) => written.push(text) > 0 } as unknown as NodeJS.WriteStream;
  const status = { phase: 'Progressing', step: '1/8', message: 'step 2/8: waiting for analysis to complete' };
  const seen = { ...(rollout('v1') as object), status } as unknown as Story['picture']['rollout'];
  liveScreen(out, 0).draw({ rollout: seen, application: undefined, canaryWeight: 10, successRate: undefined });
  expect(written.join('')).toContain('1 of 8 steps done');
  expect(written.join('')).not.toContain('step 1/8');
});

it('tells of a blue-green release by what its Services select', async () => {
  await story.stop();
  for (const name of ['web-active', 'web-preview']) {
    create(service(name));
    select(name, 'old');
  }
  server.store.updateStatus(groupKind('Rollout'), {
    ...(server.store.get(groupKind('Rollout'), 'web', 'shop') as KubeObject),
    status: { stableRS: 'old', currentPodHash: 'new' },
  });
  const client = kubeClient({ transport: server.transport('test'), version: 'test', clock: systemClock });
  story = new Story(client, () => {}, 'blue-green');
  await story.until('it follows', ({ rollout: seen }) => seen?.status?.stableRS);
  select('web-preview', 'new');
  await told(/^preview: web-preview selects revision new$/);
  select('web-active', 'new');
  await told(/^traffic: all of it goes to the new revision \(web-active selects new\)$/);
  expect(story.picture.canaryWeight).toBe(100);
  select('web-active', 'old');
  await told(/^traffic: all of it goes to the stable revision again \(web-active selects old\)$/);
  expect(story.picture.canaryWeight).toBe(0);
  expect(texts().filter((text) => text.startsWith('traffic:'))).toHaveLength(2);
});
