// Who may do what: RBAC, impersonation, access reviews and tokens, as the API server judges and tells them.
import { beforeAll, describe, expect, it } from 'vitest';
import { openNamespace, type Reply } from './target.ts';

const NS = `contract-rights-${process.pid}`;
const OTHER = `${NS}-other`;
const target = openNamespace(NS);
openNamespace(OTHER);
const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const CORE = `/api/v1/namespaces/${NS}`;
const GUEST = `system:serviceaccount:${NS}:guest`;
const DEPLOYER = `system:serviceaccount:${NS}:deployer`;

type Call = (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<Reply>;
let guest: Call;
let agent: Call;

async function accountToken(name: string): Promise<string> {
  const made = await target.call('POST', `${CORE}/serviceaccounts`, { metadata: { name } });
  expect(made.status).toBe(201);
  const reply = await target.call('POST', `${CORE}/serviceaccounts/${name}/token`, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { expirationSeconds: 3600 },
  });
  expect(reply.status).toBe(201);
  return reply.body.status.token as string;
}

const callerWith =
  (token: string): Call =>
  (method, path, body, headers = {}) =>
    target.call(method, path, body, { authorization: `Bearer ${token}`, ...headers });

/** The agent, on behalf of the deployer. */
const asDeployer: Call = (method, path, body, headers = {}) =>
  agent(method, path, body, { 'impersonate-user': DEPLOYER, ...headers });

const account = (name: string): object => ({ kind: 'ServiceAccount', name, namespace: NS });

async function grant(name: string, rules: object[], subject = 'guest', namespace = NS): Promise<void> {
  const at = `${RBAC}/namespaces/${namespace}`;
  const role = await target.call('POST', `${at}/roles`, { metadata: { name }, rules });
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name };
  const body = { metadata: { name }, roleRef, subjects: [account(subject)] };
  const binding = await target.call('POST', `${at}/rolebindings`, body);
  expect([role.status, binding.status]).toEqual([201, 201]);
}

/** A role counts as soon as the server's caches know of it. */
async function untilAllowed(call: Call, method: string, path: string): Promise<void> {
  for (let i = 0; i < 250; i++) {
    if ((await call(method, path)).status !== 403) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`${method} ${path} was never allowed`);
}

const rule = (verbs: string[], resources: string[], more: object = {}): object => ({
  apiGroups: [''],
  resources,
  verbs,
  ...more,
});

beforeAll(async () => {
  guest = callerWith(await accountToken('guest'));
  agent = callerWith(await accountToken('agent'));
  await accountToken('deployer');
  for (const name of ['settings', 'other'])
    await target.call('POST', `${CORE}/configmaps`, { metadata: { name }, data: { a: '1' } });
  await grant('reader', [
    rule(['get', 'list', 'watch'], ['configmaps'], { resourceNames: ['settings'] }),
    rule(['patch', 'update'], ['configmaps']),
    rule(['get', 'patch'], ['services/status']),
    { apiGroups: ['apps'], resources: ['*/scale'], verbs: ['get'] },
  ]);
  await grant('impersonator', [rule(['impersonate'], ['serviceaccounts'], { resourceNames: ['deployer'] })], 'agent');
  await grant('deploy', [rule(['get', 'create', 'patch', 'delete'], ['configmaps'])], 'deployer');
  await untilAllowed(guest, 'GET', `${CORE}/configmaps/settings`);
  await untilAllowed(asDeployer, 'GET', `${CORE}/configmaps/settings`);
}, 30_000);

const refused = (reply: Reply): unknown[] => [reply.status, reply.body.reason, reply.body.message];
const cannot = (verb: string, resource: string, where = `in the namespace "${NS}"`, group = ''): string =>
  `User "${GUEST}" cannot ${verb} resource "${resource}" in API group "${group}" ${where}`;

describe('a user without a right is told', () => {
  const cases: [what: string, method: string, path: string, message: string][] = [
    ['of a list', 'GET', `${CORE}/secrets`, `secrets is forbidden: ${cannot('list', 'secrets')}`],
    ['of a watch', 'GET', `${CORE}/secrets?watch=1`, `secrets is forbidden: ${cannot('watch', 'secrets')}`],
    ['of a list of all namespaces', 'GET', '/api/v1/secrets', `secrets is forbidden: ${cannot('list', 'secrets', 'at the cluster scope')}`],
    ['of one object by name', 'GET', `${CORE}/secrets/db`, `secrets "db" is forbidden: ${cannot('get', 'secrets')}`],
    ['of one of the names it may not read', 'GET', `${CORE}/configmaps/other`, `configmaps "other" is forbidden: ${cannot('get', 'configmaps')}`],
    ['of a list where it may read one name', 'GET', `${CORE}/configmaps`, `configmaps is forbidden: ${cannot('list', 'configmaps')}`],
    ['of a deletion of all', 'DELETE', `${CORE}/configmaps`, `configmaps is forbidden: ${cannot('deletecollection', 'configmaps')}`],
    ['of another namespace', 'GET', `/api/v1/namespaces/${OTHER}/configmaps/settings`, `configmaps "settings" is forbidden: ${cannot('get', 'configmaps', `in the namespace "${OTHER}"`)}`],
    ['of a namespace itself', 'GET', `/api/v1/namespaces/${NS}`, `namespaces "${NS}" is forbidden: ${cannot('get', 'namespaces')}`],
    ['of a subresource', 'PUT', `${CORE}/services/web/status`, `services "web" is forbidden: ${cannot('update', 'services/status')}`],
    ['of a kind of a group', 'GET', `/apis/apps/v1/namespaces/${NS}/deployments`, `deployments.apps is forbidden: ${cannot('list', 'deployments', undefined, 'apps')}`],
    ['of a kind that nobody serves', 'GET', `/apis/none.example/v1/namespaces/${NS}/things`, `things.none.example is forbidden: ${cannot('list', 'things', undefined, 'none.example')}`],
    ['of a path', 'GET', '/metrics', `forbidden: User "${GUEST}" cannot get path "/metrics"`],
  ]; // prettier-ignore
  it.each(cases)('%s', async (_what, method, path, message) => {
    expect(refused(await guest(method, path))).toEqual([403, 'Forbidden', message]);
  });

  it('with the resource and name in the details', async () => {
    const { body } = await guest('GET', `/apis/apps/v1/namespaces/${NS}/deployments/web`);
    expect(body.details).toEqual({ name: 'web', group: 'apps', kind: 'deployments' });
    expect((await guest('GET', '/metrics')).body.details).toEqual({});
  });

  it('when its token is none', async () => {
    const reply = await callerWith('not-a-token')('GET', `${CORE}/configmaps`);
    expect(reply.body).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'Unauthorized',
      reason: 'Unauthorized',
      code: 401,
    });
  });
});

describe('a user may', () => {
  it('read, list and watch the name that its role names, where a selector chooses it', async () => {
    expect((await guest('GET', `${CORE}/configmaps/settings`)).status).toBe(200);
    const list = await guest('GET', `${CORE}/configmaps?fieldSelector=metadata.name%3Dsettings`);
    expect([list.status, list.body.items.length]).toEqual([200, 1]);
    const watch = `${CORE}/configmaps?watch=1&timeoutSeconds=1&fieldSelector=metadata.name%3Dsettings`;
    expect((await guest('GET', watch)).status).toBe(200);
  });

  it('read what is not there, and is told that it is not', async () => {
    expect((await guest('GET', `/apis/apps/v1/namespaces/${NS}/deployments/none/scale`)).status).toBe(404);
    expect((await guest('GET', `${CORE}/services/none/status`)).status).toBe(404);
  });

  it('discover what is served', async () => {
    for (const path of ['/api', '/apis', '/apis/apps/v1', '/version', '/openapi/v3', '/readyz'])
      expect((await guest('GET', path)).status).toBe(200);
  });

  it('with the right to patch alone, change but not make', async () => {
    const config = (name: string): object => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name },
      data: { b: '2' },
    });
    const apply = (name: string, query = ''): Promise<Reply> =>
      guest('PATCH', `${CORE}/configmaps/${name}?fieldManager=guest${query}`, config(name), {
        'content-type': 'application/apply-patch+yaml',
      });
    expect((await apply('other')).status).toBe(200);
    const made = await apply('new');
    expect(refused(made)).toEqual([
      403,
      'Forbidden',
      `configmaps "new" is forbidden: ${cannot('create', 'configmaps')}`,
    ]);
    expect((await apply('new', '&dryRun=All')).status).toBe(403);
    expect((await target.call('GET', `${CORE}/configmaps/new`)).status).toBe(404);
  });
});

describe('impersonation', () => {
  it('counts as the other: with its rights, and under its name', async () => {
    expect((await asDeployer('GET', `${CORE}/configmaps/settings`)).status).toBe(200);
    const reply = await asDeployer('GET', `${CORE}/secrets/db`);
    const why = `User "${DEPLOYER}" cannot get resource "secrets" in API group "" in the namespace "${NS}"`;
    expect(refused(reply)).toEqual([403, 'Forbidden', `secrets "db" is forbidden: ${why}`]);
    expect((await agent('GET', `${CORE}/configmaps/settings`)).status).toBe(403);
  });

  it('of a ServiceAccount brings the groups of its namespace', async () => {
    const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
    const { body } = await asDeployer('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', review);
    expect(body.status.userInfo.username).toBe(DEPLOYER);
    expect(body.status.userInfo.groups).toEqual([
      'system:serviceaccounts',
      `system:serviceaccounts:${NS}`,
      'system:authenticated',
    ]);
  });

  it.each([
    ['another account', { 'impersonate-user': GUEST }, `serviceaccounts "guest" is forbidden: User "system:serviceaccount:${NS}:agent" cannot impersonate resource "serviceaccounts" in API group "" in the namespace "${NS}"`],
    ['an account elsewhere', { 'impersonate-user': `system:serviceaccount:${OTHER}:deployer` }, `serviceaccounts "deployer" is forbidden: User "system:serviceaccount:${NS}:agent" cannot impersonate resource "serviceaccounts" in API group "" in the namespace "${OTHER}"`],
    ['a user', { 'impersonate-user': 'admin' }, `users "admin" is forbidden: User "system:serviceaccount:${NS}:agent" cannot impersonate resource "users" in API group "" at the cluster scope`],
    ['a group besides', { 'impersonate-user': DEPLOYER, 'impersonate-group': 'system:masters' }, `groups "system:masters" is forbidden: User "system:serviceaccount:${NS}:agent" cannot impersonate resource "groups" in API group "" at the cluster scope`],
    ['a uid besides', { 'impersonate-user': DEPLOYER, 'impersonate-uid': 'u' }, `uids.authentication.k8s.io "u" is forbidden: User "system:serviceaccount:${NS}:agent" cannot impersonate resource "uids" in API group "authentication.k8s.io" at the cluster scope`],
    ['more about it', { 'impersonate-user': DEPLOYER, 'impersonate-extra-scopes': 'all' }, `userextras.authentication.k8s.io "all" is forbidden: User "system:serviceaccount:${NS}:agent" cannot impersonate resource "userextras/scopes" in API group "authentication.k8s.io" at the cluster scope`],
  ] as [string, Record<string, string>, string][])('is refused of %s', async (_who, headers, message) => {
    expect(refused(await agent('GET', `${CORE}/configmaps/settings`, undefined, headers))).toEqual([403, 'Forbidden', message]);
  }); // prettier-ignore

  it('of groups without a user is no request', async () => {
    expect((await agent('GET', `${CORE}/configmaps`, undefined, { 'impersonate-group': 'a' })).status).toBe(500);
  });

  it('by an administrator reaches as far as the other’s rights', async () => {
    const asGuest = { 'impersonate-user': GUEST };
    expect((await target.call('GET', `${CORE}/configmaps/settings`, undefined, asGuest)).status).toBe(200);
    expect((await target.call('GET', `${CORE}/configmaps/other`, undefined, asGuest)).status).toBe(403);
  });

  it('records what was applied under the manager that the request names', async () => {
    const config = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'mine' }, data: { a: '1' } };
    const headers = { 'content-type': 'application/apply-patch+yaml' };
    const made = await asDeployer('PATCH', `${CORE}/configmaps/mine?fieldManager=sluice-agent`, config, headers);
    expect([made.status, made.body.metadata.managedFields[0].manager]).toEqual([201, 'sluice-agent']);
  });
});

describe('an access review', () => {
  const REVIEWS = '/apis/authorization.k8s.io/v1';
  const asked = (verb: string, resource: string, more: object = {}): object => ({
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    spec: { resourceAttributes: { verb, resource, namespace: NS, ...more } },
  });
  const reviewed = async (call: Call, body: object): Promise<unknown> =>
    (await call('POST', `${REVIEWS}/selfsubjectaccessreviews`, body)).body.status;

  it('says yes, by which binding', async () => {
    expect(await reviewed(guest, asked('patch', 'configmaps'))).toEqual({
      allowed: true,
      reason: `RBAC: allowed by RoleBinding "reader/${NS}" of Role "reader" to ServiceAccount "guest/${NS}"`,
    });
    expect(await reviewed(guest, asked('get', 'deployments', { group: 'apps', subresource: 'scale' }))).toMatchObject({
      allowed: true,
    });
  });

  it('says no', async () => {
    expect(await reviewed(guest, asked('get', 'secrets'))).toEqual({ allowed: false });
    expect(await reviewed(guest, asked('get', 'configmaps', { name: 'other' }))).toEqual({ allowed: false });
    expect(await reviewed(guest, asked('patch', 'configmaps', { namespace: OTHER }))).toEqual({ allowed: false });
    expect(await reviewed(guest, asked('get', 'services'))).toEqual({ allowed: false });
  });

  it('answers for the one who is impersonated', async () => {
    expect(await reviewed(asDeployer, asked('create', 'configmaps'))).toMatchObject({ allowed: true });
    expect(await reviewed(agent, asked('create', 'configmaps'))).toEqual({ allowed: false });
    const impersonate = asked('impersonate', 'serviceaccounts', { name: 'deployer' });
    expect(await reviewed(agent, impersonate)).toMatchObject({ allowed: true });
    expect(await reviewed(agent, asked('impersonate', 'serviceaccounts', { name: 'guest' }))).toEqual({
      allowed: false,
    });
  });

  it('of somebody else is for administrators', async () => {
    const spec = {
      user: GUEST,
      resourceAttributes: { verb: 'get', resource: 'configmaps', name: 'settings', namespace: NS },
    };
    const body = { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec };
    const reply = await target.call('POST', `${REVIEWS}/subjectaccessreviews`, body);
    expect([reply.status, reply.body.status.allowed]).toEqual([201, true]);
    expect((await guest('POST', `${REVIEWS}/subjectaccessreviews`, body)).status).toBe(403);
  });

  it('is of one thing', async () => {
    const none = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec: {} };
    expect((await guest('POST', `${REVIEWS}/selfsubjectaccessreviews`, none)).status).toBe(422);
    expect((await guest('GET', `${REVIEWS}/selfsubjectaccessreviews`)).status).toBe(403);
    expect((await target.call('GET', `${REVIEWS}/selfsubjectaccessreviews`)).status).toBe(405);
  });
});

describe('roles and bindings', () => {
  const ROLES = `${RBAC}/namespaces/${NS}/roles`;
  const BINDINGS = `${RBAC}/namespaces/${NS}/rolebindings`;
  const roleRef = (kind: string, name: string): object => ({ apiGroup: 'rbac.authorization.k8s.io', kind, name });

  beforeAll(async () => {
    const rules = [
      { apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles', 'rolebindings'], verbs: ['create', 'update', 'get', 'patch'] },
    ]; // prettier-ignore
    await grant('rbac', rules);
    await untilAllowed(guest, 'GET', `${ROLES}/reader`);
  });

  it('cannot give what their writer does not hold', async () => {
    const rules = [rule(['get', 'list'], ['secrets']), rule(['patch'], ['configmaps'])];
    const reply = await guest('POST', ROLES, { metadata: { name: 'more' }, rules });
    const who = `user "${GUEST}" (groups=["system:serviceaccounts" "system:serviceaccounts:${NS}" "system:authenticated"])`;
    const what = '{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list"]}';
    expect(refused(reply)).toEqual([
      403,
      'Forbidden',
      `roles.rbac.authorization.k8s.io "more" is forbidden: ${who} is attempting to grant RBAC permissions not currently held:\n${what}`,
    ]);
    const binding = {
      metadata: { name: 'all' },
      roleRef: roleRef('ClusterRole', 'cluster-admin'),
      subjects: [account('guest')],
    };
    expect((await guest('POST', BINDINGS, binding)).status).toBe(403);
  });

  it('give what their writer holds', async () => {
    const rules = [rule(['patch'], ['configmaps'])];
    expect((await guest('POST', ROLES, { metadata: { name: 'less' }, rules })).status).toBe(201);
    const wider = await guest('PATCH', `${ROLES}/less`, { rules: [rule(['*'], ['*'])] }, {
      'content-type': 'application/merge-patch+json',
    }); // prettier-ignore
    expect(wider.status).toBe(403);
  });

  it('name their role for good', async () => {
    const body = { metadata: { name: 'fixed' }, roleRef: roleRef('Role', 'reader'), subjects: [] };
    expect((await target.call('POST', BINDINGS, body)).status).toBe(201);
    const reply = await target.call('PUT', `${BINDINGS}/fixed`, { ...body, roleRef: roleRef('ClusterRole', 'edit') });
    expect(reply.body.message).toBe(
      'RoleBinding.rbac.authorization.k8s.io "fixed" is invalid: roleRef: Invalid value: {"APIGroup":"rbac.authorization.k8s.io","Kind":"ClusterRole","Name":"edit"}: cannot change roleRef',
    );
  });

  it('of which one is missing are told of in a refusal', async () => {
    const body = { metadata: { name: 'lost' }, roleRef: roleRef('Role', 'nowhere'), subjects: [account('deployer')] };
    await target.call('POST', BINDINGS, body);
    const why = `User "${DEPLOYER}" cannot list resource "secrets" in API group "" in the namespace "${NS}"`;
    const message = `secrets is forbidden: ${why}: RBAC: role.rbac.authorization.k8s.io "nowhere" not found`;
    let reply = await asDeployer('GET', `${CORE}/secrets`);
    for (let i = 0; i < 100 && reply.body.message !== message; i++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      reply = await asDeployer('GET', `${CORE}/secrets`);
    }
    expect(refused(reply)).toEqual([403, 'Forbidden', message]);
  });
});

describe('a token of a ServiceAccount', () => {
  it('ends with the account', { timeout: 30_000 }, async () => {
    const gone = callerWith(await accountToken('gone'));
    expect((await gone('GET', '/api')).status).toBe(200);
    await target.call('DELETE', `${CORE}/serviceaccounts/gone`);
    // A real server remembers for ten seconds whose token it was.
    let status = 200;
    for (let i = 0; i < 200 && status !== 401; i++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      status = (await gone('GET', '/api')).status;
    }
    expect(status).toBe(401);
  });

  it('is not given for less than ten minutes, nor for an account that is not there', async () => {
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 10 } };
    const short = await target.call('POST', `${CORE}/serviceaccounts/guest/token`, body);
    expect(short.body.message).toBe(
      'TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 10: may not specify a duration less than 10 minutes',
    );
    expect((await target.call('POST', `${CORE}/serviceaccounts/none/token`, { ...body, spec: {} })).status).toBe(404);
  });
});
