// To the letter: what each forge is asked, with which credentials, and which URLs are its repositories'.
import type { AxiosAdapter } from 'axios';
import { describe, expect, it } from 'vitest';
import { FORGES, forgeOf, type ForgeName } from '../../src/api/forges.ts';
import { createEgress } from '../../src/egress/egress.ts';
import { createForge } from '../../src/forge/forge.ts';
import type { ForgeRepository } from '../../src/ports/forge.ts';
import { createHttp } from '../../src/http/http.ts';
import type { EgressPolicy } from '../../src/ports/egress.ts';
import type { Http, OutboundRequest } from '../../src/ports/http.ts';
import type { HttpCredentials } from '../../src/ports/source-reader.ts';
import { VirtualClock } from 'kube-sandbox/virtual-clock';
import { answer } from '../support/fake-forge.ts';

const { signal } = new AbortController();
const PASSWORD: HttpCredentials = { username: 'ci', password: 'p' };
const PROPOSAL = { head: 'sluice/r', base: 'main', title: 'T', body: 'B' };

function asked(answers: readonly unknown[] = []): { http: Http; requests: OutboundRequest[] } {
  const requests: OutboundRequest[] = [];
  const left = [...answers];
  const request: Http['request'] = (sent) => {
    requests.push(sent);
    return Promise.resolve(answer(200, left.shift() ?? {}));
  };
  return { http: { check: () => undefined, request }, requests };
}

function repositoryAt(repoURL: string, forge: ForgeName, credentials = PASSWORD): ForgeRepository {
  return { repoURL, forge, credentials, secret: { namespace: 'shop', name: 'git' }, timeoutMs: 1_000 };
}

type Call = (forge: ReturnType<typeof createForge>, at: ForgeRepository) => Promise<unknown>;

async function requestsOf(repository: ForgeRepository, call: Call, answers?: readonly unknown[]) {
  const { http, requests } = asked(answers);
  await call(createForge({ http, clock: new VirtualClock() }), repository);
  return requests;
}

const open: Call = (forge, at) => forge.open(at, PROPOSAL, signal);
const look: Call = (forge, at) => forge.look(at, '7', signal);
const revise: Call = (forge, at) => forge.revise(at, { id: '7', title: 'T', body: 'B' }, signal);
const merge: Call = (forge, at) => forge.merge(at, { id: '7', commit: 'c'.repeat(40) }, signal);
const line = ({ method, url, body = '' }: OutboundRequest): string => `${method} ${url.href} ${body}`.trim();

const PLACES: Record<ForgeName, [repository: string, pull: string]> = {
  GitHub: ['https://github.com/acme/shop', 'https://api.github.com/repos/acme/shop/pulls'],
  GitLab: ['https://gitlab.com/acme/shop', 'https://gitlab.com/api/v4/projects/acme%2Fshop/merge_requests'],
  Gitea: ['https://codeberg.org/acme/shop', 'https://codeberg.org/api/v1/repos/acme/shop/pulls'],
  Bitbucket: ['https://bitbucket.org/acme/shop', 'https://api.bitbucket.org/2.0/repositories/acme/shop/pullrequests'],
  AzureDevOps: ['https://dev.azure.com/o/p/_git/r', 'https://dev.azure.com/o/p/_apis/git/repositories/r/pullrequests'],
};
const placed = (forge: ForgeName): ForgeRepository => repositoryAt(PLACES[forge][0], forge);
const VERSION = '?api-version=6.0';

describe('opening a pull request', () => {
  const bodies: Record<ForgeName, unknown> = {
    GitHub: { title: 'T', body: 'B', head: 'sluice/r', base: 'main' },
    GitLab: {
      source_branch: 'sluice/r',
      target_branch: 'main',
      title: 'T',
      description: 'B',
      remove_source_branch: true,
    },
    Gitea: { title: 'T', body: 'B', head: 'sluice/r', base: 'main' },
    Bitbucket: {
      title: 'T',
      description: 'B',
      source: { branch: { name: 'sluice/r' } },
      destination: { branch: { name: 'main' } },
      close_source_branch: true,
    },
    AzureDevOps: {
      sourceRefName: 'refs/heads/sluice/r',
      targetRefName: 'refs/heads/main',
      title: 'T',
      description: 'B',
    },
  };

  it.each(FORGES)('on %s', async (forge) => {
    const [request] = await requestsOf(placed(forge), open);
    expect(request?.method).toBe('POST');
    expect(request?.url.href).toBe(`${PLACES[forge][1]}${forge === 'AzureDevOps' ? VERSION : ''}`);
    expect(JSON.parse(request?.body ?? '')).toEqual(bodies[forge]);
    expect(request?.headers).toMatchObject({ 'content-type': 'application/json', 'user-agent': 'sluice' });
    expect(request?.deadlineMs).toBe(1_000);
  });
});

describe('finding the pull request of a branch', () => {
  it.each([
    ['GitHub', '?head=acme%3Asluice%2Fr&base=main&state=all&sort=created&direction=desc&per_page=10'],
    [
      'GitLab',
      '?source_branch=sluice%2Fr&target_branch=main&state=all&scope=all&order_by=created_at&sort=desc&per_page=10',
    ],
    ['Gitea', '?state=all&sort=recentupdate&limit=50'],
    [
      'Bitbucket',
      '?state=OPEN&state=MERGED&state=DECLINED&state=SUPERSEDED&q=source.branch.name%3D%22sluice%2Fr%22+AND+destination.branch.name%3D%22main%22&sort=-created_on&pagelen=10',
    ],
    [
      'AzureDevOps',
      '?searchCriteria.sourceRefName=refs%2Fheads%2Fsluice%2Fr&searchCriteria.targetRefName=refs%2Fheads%2Fmain&searchCriteria.status=all&%24top=10&api-version=6.0',
    ],
  ] as const)('on %s', async (forge, query) => {
    const requests = await requestsOf(placed(forge), (asker, at) => asker.find(at, PROPOSAL, signal));
    expect(requests.map((request) => line(request))).toEqual([`GET ${PLACES[forge][1]}${query}`]);
  });
});

describe('looking at one, and giving it another text', () => {
  it.each([
    ['GitHub', 'PATCH', { title: 'T', body: 'B' }, ''],
    ['GitLab', 'PUT', { title: 'T', description: 'B' }, ''],
    ['Gitea', 'PATCH', { title: 'T', body: 'B' }, ''],
    ['Bitbucket', 'PUT', { title: 'T', description: 'B' }, ''],
    ['AzureDevOps', 'PATCH', { title: 'T', description: 'B' }, VERSION],
  ] as const)('on %s', async (forge, method, body, query) => {
    const url = `${PLACES[forge][1]}/7${query}`;
    expect((await requestsOf(placed(forge), look)).map((request) => line(request))).toEqual([`GET ${url}`]);
    const revised = await requestsOf(placed(forge), revise);
    expect(revised.map((request) => line(request))).toEqual([`${method} ${url} ${JSON.stringify(body)}`]);
  });
});

describe('merging', () => {
  const sha = 'c'.repeat(40);
  const merges = async (forge: ForgeName, ...answers: unknown[]): Promise<string[]> =>
    (await requestsOf(placed(forge), merge, answers))
      .filter(({ method }) => method !== 'GET')
      .map((request) => line(request).replace(PLACES[forge][1], ''));

  const github = (mergeable_state: string) => ({
    number: 7,
    state: 'open',
    created_at: 'now',
    head: { sha },
    mergeable: true,
    mergeable_state,
  });
  it.each(['clean', 'has_hooks'])('on GitHub where it says %s', async (state) => {
    expect(await merges('GitHub', github(state))).toEqual([`PUT /7/merge {"sha":"${sha}","merge_method":"merge"}`]);
  });
  it.each(['unstable', 'blocked', 'behind', 'draft', 'unknown', 'dirty'])(
    'not on GitHub where it says %s',
    async (state) => {
      expect(await merges('GitHub', github(state))).toEqual([]);
    },
  );

  const gitlab = (status: string | undefined, more: object = {}) => ({
    iid: 7,
    state: 'opened',
    created_at: 'now',
    sha,
    head_pipeline: status === undefined ? null : { status },
    ...more,
  });
  it.each([undefined, 'success'])('on GitLab at once where its pipeline is %s', async (status) => {
    expect(await merges('GitLab', gitlab(status))).toEqual([`PUT /7/merge {"sha":"${sha}"}`]);
  });
  it('on GitLab once its pipeline succeeds where it is running, which is asked once', async () => {
    const asking = `PUT /7/merge {"sha":"${sha}","auto_merge":true,"merge_when_pipeline_succeeds":true}`;
    expect(await merges('GitLab', gitlab('running'))).toEqual([asking]);
    expect(await merges('GitLab', gitlab('running', { merge_when_pipeline_succeeds: true }))).toEqual([]);
  });
  it.each(['failed', 'canceled', 'manual'])('not on GitLab where its pipeline is %s', async (status) => {
    expect(await merges('GitLab', gitlab(status))).toEqual([]);
  });

  it('on Gitea once its checks succeed', async () => {
    const branch = { ref: 'sluice/r', sha, repo_id: 1 };
    const pull = { number: 7, state: 'open', created_at: 'now', mergeable: true, head: branch, base: branch };
    expect(await merges('Gitea', pull)).toEqual([
      `POST /7/merge {"Do":"merge","head_commit_id":"${sha}","merge_when_checks_succeed":true}`,
    ]);
  });

  it('on Azure DevOps by having it complete by itself, which is asked once', async () => {
    const pull = {
      pullRequestId: 7,
      status: 'active',
      creationDate: 'now',
      lastMergeSourceCommit: { commitId: sha },
      createdBy: { id: 'me' },
    };
    expect(await merges('AzureDevOps', pull)).toEqual([
      `PATCH /7${VERSION} {"autoCompleteSetBy":{"id":"me"},"completionOptions":{"deleteSourceBranch":true}}`,
    ]);
    expect(await merges('AzureDevOps', { ...pull, autoCompleteSetBy: { id: 'me' } })).toEqual([]);
  });
});

describe('credentials', () => {
  const basic = `Basic ${Buffer.from('ci:p').toString('base64')}`;
  it.each([
    ['GitHub', 'Bearer p', 'Bearer b'],
    ['GitLab', 'Bearer p', 'Bearer b'],
    ['Gitea', basic, 'token b'],
    ['Bitbucket', basic, 'Bearer b'],
    ['AzureDevOps', basic, 'Bearer b'],
  ] as const)('of %s are sent in the header that it reads', async (forge, password, token) => {
    const sent = async (credentials: HttpCredentials) =>
      (await requestsOf({ ...placed(forge), credentials }, look))[0]?.headers?.['authorization'];
    expect(await sent(PASSWORD)).toBe(password);
    expect(await sent({ bearerToken: 'b' })).toBe(token);
  });

  it("of a repository's access token on Bitbucket are a bearer token to the API", async () => {
    const credentials = { username: 'x-token-auth', password: 'p' };
    const [request] = await requestsOf({ ...placed('Bitbucket'), credentials }, look);
    expect(request?.headers?.['authorization']).toBe('Bearer p');
  });
});

describe('the operator and the Secret', () => {
  const sent = async (policy: EgressPolicy, annotations: Record<string, string>) => {
    const urls: string[] = [];
    const adapter: AxiosAdapter = (config) => {
      urls.push(config.url ?? '');
      return Promise.resolve({ status: 200, statusText: '', headers: {}, data: '[]', config });
    };
    const http = createHttp({ egress: createEgress(policy), adapter });
    const secret = { namespace: 'shop', name: 'git', annotations };
    const repository = { ...placed('GitHub'), secret };
    const found = await createForge({ http, clock: new VirtualClock() }).find(repository, PROPOSAL, signal);
    return { urls, message: found.ok ? '' : found.error.message };
  };

  it("have to name the API's host, too", async () => {
    const alone = await sent({}, { 'sluice.dev/hosts': 'github.com' });
    expect(alone.urls).toEqual([]);
    expect(alone.message).toContain('api.github.com');
    expect((await sent({ gitHosts: ['github.com'] }, {})).urls).toEqual([]);
    expect((await sent({}, { 'sluice.dev/hosts': 'github.com,api.github.com' })).urls).toHaveLength(1);
    expect((await sent({ gitHosts: ['github.com', 'api.github.com'] }, {})).urls).toHaveLength(1);
  });
});

describe('the URL of a repository', () => {
  it.each<[repository: string, forge: ForgeName, api: string]>([
    ['https://ghe.example.com/acme/shop.git', 'GitHub', 'https://ghe.example.com/api/v3/repos/acme/shop/pulls'],
    [
      'https://git.example.com:8443/a/b/c/shop.git/',
      'GitLab',
      'https://git.example.com:8443/api/v4/projects/a%2Fb%2Fc%2Fshop/merge_requests',
    ],
    ['http://git.example.com/forge/acme/shop', 'Gitea', 'http://git.example.com/forge/api/v1/repos/acme/shop/pulls'],
    [
      'https://acme.visualstudio.com/DefaultCollection/Shop%20Floor/_git/shop',
      'AzureDevOps',
      'https://acme.visualstudio.com/DefaultCollection/Shop%20Floor/_apis/git/repositories/shop/pullrequests?api-version=6.0',
    ],
    [
      'https://dev.azure.com/acme/_git/shop',
      'AzureDevOps',
      'https://dev.azure.com/acme/shop/_apis/git/repositories/shop/pullrequests?api-version=6.0',
    ],
  ])('%s, as %s, leads to its API', async (repoURL, forge, api) => {
    expect((await requestsOf(repositoryAt(repoURL, forge), open))[0]?.url.href).toBe(api);
  });

  it.each<[repository: string, forge: ForgeName]>([
    ['https://github.com/acme', 'GitHub'],
    ['https://github.com/acme/shop/tree/main', 'GitHub'],
    ['https://gitlab.com/shop', 'GitLab'],
    ['https://codeberg.org/shop', 'Gitea'],
    ['https://bitbucket.example.com/acme/shop', 'Bitbucket'],
    ['https://dev.azure.com/acme/shop', 'AzureDevOps'],
    ['https://gitlab.com/acme/%E0%A4%A', 'GitLab'],
  ])('%s is none of %s, and nothing is asked', async (repoURL, forge) => {
    expect(await requestsOf(repositoryAt(repoURL, forge), open)).toEqual([]);
  });

  it.each([
    ['https://github.com/acme/shop', undefined, 'GitHub'],
    ['https://acme.visualstudio.com/p/_git/r', undefined, 'AzureDevOps'],
    ['https://git.example.com/acme/shop', 'Gitea', 'Gitea'],
    ['https://github.com.evil.example/acme/shop', undefined, undefined],
    ['https://notgithub.com/acme/shop', undefined, undefined],
  ] as const)('%s (%s) is on %s', (url, named, forge) => {
    expect(forgeOf(url, named)).toBe(forge);
  });
});
