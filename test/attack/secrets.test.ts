// Secrets stay secret: each is planted into the whole controller, what uses it fails and succeeds, and nothing that is told holds it, in
// whatever form others quote it.
import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { webhookSecrets } from '../../src/cli/webhook-secrets.ts';
import { GitError } from '../../src/git/types.ts';
import { serveWebhooks } from '../../src/server/webhooks.ts';
import { Cluster } from '../scenario/cluster.ts';
import type { EngineProcess } from '../scenario/engine-process.ts';
import { givenV1FromGit, isReverted, promoted, shaped } from '../scenario/given.ts';
import { application, template, yaml } from '../scenario/manifests.ts';
import { FORMS, leaks, secretOf, toldBy } from './planted.ts';

const REPOSITORY = 'https://git.example.com/acme/shop.git';
const METRIC = secretOf('mTr1c');
const GIT = secretOf('g1tKn');
const HOOK = secretOf('h00kS');
const OWN = secretOf('0wnDb');
const forms = Object.entries(FORMS);
const inAllForms = (secret: string): string => forms.map(([, form]) => form(secret)).join(' , ');

let cluster: Cluster;
beforeEach(async () => {
  cluster = await Cluster.open();
  secret('metric', { token: METRIC });
  secret('git', { username: 'robot', password: GIT, webhookSecret: HOOK });
});
afterEach(() => cluster.close());

function secret(name: string, texts: Record<string, string>): void {
  const data = Object.fromEntries(
    Object.entries(texts).map(([key, text]) => [key, Buffer.from(text).toString('base64')]),
  );
  cluster.create({ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: 'shop' }, data });
}

/** Who may apply Secrets. */
function account(name: string): void {
  cluster.create({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace: 'shop' } });
  cluster.create({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ kind: 'ServiceAccount', name, namespace: 'shop' }],
  });
}

const SOURCE = { repoURL: REPOSITORY, path: 'deploy', interval: '10s', secretRef: { name: 'git' } };
const declaredSecret = (data: Record<string, string>, more: Record<string, unknown> = {}): string =>
  yaml({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'db', namespace: 'shop' }, stringData: data, ...more });

/** Where anything of what was planted was told. */
const leaked = async (): Promise<string[]> => leaks(await toldBy(cluster), [METRIC, GIT, HOOK, OWN]);

const appMessage = (): string => cluster.application().status?.message ?? '';
const problem = (): string =>
  cluster.application().status?.conditions?.find(({ type }) => type === 'WriteBackReady')?.message ?? '';
const denied = (message: string, reason = 'Invalid') => ({
  fail: 422,
  body: { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, code: 422, message },
});

describe('a Secret in a metric', () => {
  const measured = (metric = {}): Record<string, string> => ({
    'deploy/analysis.yaml': yaml(
      template({
        provider: {
          prometheus: { query: 'rate{token="{{args.key}}"}', authentication: { secretRef: { name: 'metric' } } },
        },
        ...metric,
      }),
    ).replace(
      '- name: service\n',
      '- name: service\n    - { name: key, valueFrom: { secretKeyRef: { name: metric, key: token } } }\n',
    ),
  });
  const push = (version: string, metric: object): string =>
    cluster.push({ ...shaped(version, {}), ...measured(metric) }, `Deploy ${version}`);
  const given = async (metric = {}): Promise<void> => {
    push('v1', metric);
    cluster.create(application({ source: SOURCE }));
    await cluster.start();
    await promoted(cluster, 'v1');
  };

  it.each(forms)('is not told when the store refuses the query and quotes it %s', async (_, form) => {
    const metric = { consecutiveErrorLimit: 0 };
    await given(metric);
    const words = form(METRIC);
    const error = JSON.stringify({ status: 'error', errorType: 'bad_data', error: `near ${words}` });
    cluster.prometheus.script = () => ({ status: 400, data: error });
    push('v2', metric);
    await cluster.until('it is reverted in Git', () => cluster.log()[0]?.startsWith('Revert'));
    await cluster.until('notes are written', () => cluster.repository.notes.size > 2);
    expect(cluster.prometheus.queries.at(-1)).toContain(METRIC);
    expect([...cluster.repository.notes.values()].join()).toContain('***');
    expect(await leaked()).toEqual([]);
  });

  it('is not told when the store gives it back as what was measured', async () => {
    const metric = { successCondition: 'result == "well"' };
    await given(metric);
    const result = [0, inAllForms(METRIC)];
    cluster.prometheus.script = () => ({
      status: 200,
      data: JSON.stringify({
        status: 'success',
        data: { resultType: 'string', result },
        warnings: [inAllForms(METRIC)],
      }),
    });
    push('v2', metric);
    await cluster.until('it is reverted in Git', () => cluster.log()[0]?.startsWith('Revert'));
    await cluster.until('notes are written', () => cluster.repository.notes.size > 2);
    expect(await leaked()).toEqual([]);
  });

  it('is not told when all is well', async () => {
    await given();
    push('v2', {});
    await promoted(cluster, 'v2');
    await cluster.run(60_000);
    expect(await leaked()).toEqual([]);
  });
});

describe('a credential for Git', () => {
  it('is not told when the server quotes it, at a look, a push or a note', async () => {
    await givenV1FromGit(cluster, {}, { source: SOURCE });
    await cluster.run(20_000);
    cluster.repository.failure = new GitError('unreachable', `the server says: no ${inAllForms(GIT)}`);
    await cluster.until('it says so', () => appMessage().includes('the server says'));
    expect(await leaked()).toEqual([]);
    cluster.repository.failure = undefined;
    cluster.push(shaped('v2', {}), 'Deploy v2');
    await cluster.until('v2 is on its way', () => cluster.weights()?.canary === 10);
    const refusal = new GitError('auth', `https://robot:${GIT}@git.example.com/: ${inAllForms(GIT)}`);
    cluster.repository.failure = refusal;
    cluster.annotate('abort', 'bad');
    await cluster.until('it is taken back', () => isReverted(cluster, 'v1'));
    await cluster.until('notes could not be pushed', () => problem().includes('notes'));
    cluster.repository.failure = undefined;
    cluster.repository.beforePush = () => {
      throw refusal;
    };
    await cluster.until('the push has failed', () => cluster.events('WriteBackFailed').length > 0);
    expect(problem()).toContain('***');
    expect(await leaked()).toEqual([]);
  });
});

describe('a secret for webhooks', () => {
  const post = (url: string, body: string, headers: Record<string, string>): Promise<string> =>
    fetch(`${url}/webhook/shop/shop`, { method: 'POST', body, headers }).then((answer) => answer.text());
  const listening = ({ engine, readSecret, metrics }: EngineProcess) =>
    serveWebhooks({
      host: '127.0.0.1',
      port: 0,
      clock: cluster.clock,
      log: cluster.processes[0]!.log,
      webhookSecret: webhookSecrets({
        common: undefined,
        applications: engine.applications,
        readSecret,
        clock: cluster.clock,
      }),
      onHint: (hint) => engine.hint(hint),
      counted: (result) => metrics.webhook(result),
    });

  it('is not told to who knows it, nor to who does not', async () => {
    await givenV1FromGit(cluster, {}, { source: { ...SOURCE, interval: '1h' } });
    const [process] = cluster.processes;
    const hooks = await listening(process!);
    const body = JSON.stringify({ ref: `refs/heads/${HOOK}`, repository: { clone_url: `${REPOSITORY}?${HOOK}` } });
    const signature = createHmac('sha256', HOOK).update(body).digest('hex');
    const answers = [
      await post(hooks.url, body, {}),
      await post(hooks.url, body, { 'x-gitlab-token': 'another' }),
      await post(hooks.url, body, { 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` }),
      await post(hooks.url, body, { 'x-hub-signature-256': `sha256=${signature}` }),
      await post(hooks.url, `{"${HOOK}`, { 'x-gitlab-token': encodeURIComponent(HOOK) }),
    ];
    await hooks.close();
    expect(answers).toContain('accepted\n');
    cluster.repository.failure = new GitError('unreachable', `no ${inAllForms(HOOK)}`);
    await cluster.run(5_000);
    expect(
      leaks(
        answers.map((text) => ({ where: 'answer', text })),
        [HOOK],
      ),
    ).toEqual([]);
    expect(await leaked()).toEqual([]);
  });
});

describe('a Secret that Git declares', () => {
  beforeEach(() => account('admin'));
  const givenRefusal = async (isDryRun: boolean, reason = 'Invalid'): Promise<void> => {
    await givenV1FromGit(cluster, {}, { source: SOURCE, serviceAccountName: 'admin' });
    cluster.server.intercept(({ method, path }) => {
      if (method !== 'PATCH' || !path.includes('/secrets/db') || path.includes('dryRun') !== isDryRun) return undefined;
      return denied(`Secret "db" is invalid: data: Invalid value: ${inAllForms(OWN)}`, reason);
    });
    cluster.push({ 'deploy/db.yaml': declaredSecret({ password: OWN }) }, 'Declare a Secret');
  };

  it('is not told when the API server refuses it and quotes its value', async () => {
    await givenRefusal(true);
    await cluster.until('it says so', () => appMessage().includes('Invalid value'));
    expect(appMessage()).toContain('***');
    expect(await leaked()).toEqual([]);
  });

  it('is not told when it is refused after it had been tried', async () => {
    await givenRefusal(false);
    await cluster.until('it says so', () => appMessage().includes('Invalid value'));
    await cluster.run(60_000);
    expect(await leaked()).toEqual([]);
  });

  it('is not told when an admission webhook gives it for a reason', async () => {
    await givenRefusal(true, OWN);
    await cluster.until('it says so', () => appMessage().includes('Invalid value'));
    expect(await leaked()).toEqual([]);
  });

  it.each([
    ['looks like an alias', `stringData: { password: *${'0wnDbAlias'} }`],
    ['looks like a tag', `stringData: { password: !${'0wnDbAlias'} x }`],
    ['looks like a tag with a handle', `stringData: { password: !${'0wnDbAlias'}!x y }`],
    ['is a number that is too large', 'stringData: { password: 760123456789012345 }'],
  ])('is not told when its file cannot be read: its value %s', async (_, line) => {
    await givenV1FromGit(cluster, {}, { source: SOURCE, serviceAccountName: 'admin' });
    cluster.push(
      { 'deploy/db.yaml': `apiVersion: v1\nkind: Secret\nmetadata: { name: db }\n${line}\n` },
      'Declare a Secret that cannot be read',
    );
    await cluster.until('it says so', () => appMessage().includes('deploy/db.yaml'));
    const texts = (await toldBy(cluster)).filter(({ text }) => /0wnDbAlias|760123456789012345/.test(text));
    expect(texts).toEqual([]);
  });

  it.each(['data', 'stringData'])('is not told when a value in %s is none that a Secret can have', async (field) => {
    await givenV1FromGit(cluster, {}, { source: SOURCE, serviceAccountName: 'admin' });
    cluster.server.intercept(({ method, path }) =>
      method === 'PATCH' && path.includes('/secrets/db')
        ? denied(`.${field}.pin: expected string, got &value.valueUnstructured{Value:7601234567890} ${inAllForms(OWN)}`)
        : undefined,
    );
    cluster.push(
      { 'deploy/db.yaml': declaredSecret({}, { [field]: { pin: 7601234567890, raw: OWN } }) },
      'Declare a Secret of numbers',
    );
    await cluster.until('it says so', () => appMessage().includes('expected string'));
    expect((await toldBy(cluster)).filter(({ text }) => text.includes('7601234567890'))).toEqual([]);
    expect(await leaked()).toEqual([]);
  });

  it('is not told when it is applied, changed by somebody, and put back', async () => {
    await givenV1FromGit(cluster, {}, { source: SOURCE, serviceAccountName: 'admin' });
    cluster.push({ 'deploy/db.yaml': declaredSecret({ password: OWN }) }, 'Declare a Secret');
    await cluster.until('it is there', () => cluster.find('Secret', 'db'));
    cluster.edit('Secret', 'db', (object) => {
      object['data'] = { password: Buffer.from(METRIC).toString('base64') };
    });
    await cluster.until('it is put back', () => cluster.events('DriftCorrected').length > 0);
    expect(await leaked()).toEqual([]);
  });

  it('is not told when pods that were made of it are refused with its value', async () => {
    await givenV1FromGit(cluster, {}, { source: SOURCE, serviceAccountName: 'admin' });
    cluster.push({ 'deploy/db.yaml': declaredSecret({ password: OWN }) }, 'Declare a Secret');
    await cluster.until('it is there', () => cluster.find('Secret', 'db'));
    cluster.server.intercept(({ method, path }) =>
      method === 'POST' && path.includes('/replicasets') && !path.includes('dryRun')
        ? denied(`admission webhook "policy" denied the request: env DB is ${inAllForms(OWN)}`)
        : undefined,
    );
    cluster.push(shaped('v2', {}), 'Deploy v2');
    await cluster.until('it says so', () => cluster.rollout().status?.message?.includes('policy'));
    expect(await leaked()).toEqual([]);
  });

  it('is not told on by who quotes it as the reason of an abort', async () => {
    await givenV1FromGit(cluster, {}, { source: SOURCE, serviceAccountName: 'admin' });
    cluster.push({ 'deploy/db.yaml': declaredSecret({ password: OWN }) }, 'Declare a Secret');
    await cluster.until('it is there', () => cluster.find('Secret', 'db'));
    cluster.push(shaped('v2', {}), 'Deploy v2');
    await cluster.until('v2 is on its way', () => cluster.weights()?.canary === 10);
    cluster.annotate('abort', `it logs ${inAllForms(OWN)}`);
    await cluster.until('it is reverted in Git', () => cluster.log()[0]?.startsWith('Revert'));
    await cluster.until('notes are written', () => cluster.repository.notes.size > 2);
    await cluster.run(60_000);
    const told = await toldBy(cluster);
    // The annotation that was taken is the person's own, until another one takes its place.
    const ours = told.filter(({ where }) => where !== 'annotation of Rollout.sluice.dev/command');
    expect(leaks(ours, [OWN])).toEqual([]);
  });
});
