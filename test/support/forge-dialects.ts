// What forges answer, each in its own words, over one model of pull requests: as their documentation shows the parts that are read here.
import type { ForgeName } from '../../src/api/forges.ts';

export interface Pull {
  id: number;
  head: string;
  base: string;
  title: string;
  body: string;
  state: 'open' | 'merged' | 'closed';
  createdAt: string;
  mergeCommit?: string;
  /** Of another repository, with a branch of the same name. */
  isFork?: boolean;
  scheduled?: boolean;
  comments?: string[];
}

export interface Model {
  pulls: Pull[];
  /** Commit at a branch; undefined where there is none. */
  shaOf(branch: string): string | undefined;
  conflicts: boolean;
  checks: 'passed' | 'running' | 'failed';
  open(pull: Pick<Pull, 'head' | 'base' | 'title' | 'body'>): Pull;
  merge(pull: Pull): void;
}

export interface Asked {
  method: string;
  /** Behind the API's address of the repository. */
  path: string;
  query: URLSearchParams;
  body: Record<string, unknown>;
}

export interface Answered {
  status: number;
  body: unknown;
}

export interface Dialect {
  /** A repository's URL, and where its API is. */
  repoURL: string;
  api: string;
  serve: (asked: Asked, model: Model) => Answered;
}

const ok = (body: unknown, status = 200): Answered => ({ status, body });
const missing = ok({ message: 'Not Found' }, 404);
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const numberIn = (path: string): number => Number(/^\/[a-z_]+\/(\d+)/.exec(path)?.[1]);
const newestFirst = ({ pulls }: Model): Pull[] => [...pulls].sort((a, b) => b.id - a.id);

/** A forge whose numbers are found at the end of its paths. */
function byNumber({ path }: Asked, model: Model, answer: (pull: Pull) => Answered): Answered {
  const pull = model.pulls.find(({ id }) => id === numberIn(path));
  return pull ? answer(pull) : missing;
}

function closed(pull: Pull): Pull {
  pull.state = 'closed';
  return pull;
}

function commented(pull: Pull, words: unknown): Answered {
  pull.comments = [...(pull.comments ?? []), text(words)];
  return ok({}, 201);
}

function change(pull: Pull, title: unknown, body: unknown): Pull {
  pull.title = text(title);
  pull.body = text(body);
  return pull;
}

const github: Dialect = {
  repoURL: 'https://github.com/acme/shop.git',
  api: 'https://api.github.com/repos/acme/shop',
  serve(asked, model) {
    const { method, path, query, body } = asked;
    const show = (pull: Pull) => ({
      number: pull.id,
      state: pull.state === 'open' ? 'open' : 'closed',
      title: pull.title,
      body: pull.body,
      created_at: pull.createdAt,
      merged_at: pull.state === 'merged' ? pull.createdAt : null,
      merge_commit_sha: pull.mergeCommit ?? 'e'.repeat(40),
      head: { ref: pull.head, sha: model.shaOf(pull.head), label: `acme:${pull.head}` },
      base: { ref: pull.base },
      mergeable: !model.conflicts,
      mergeable_state: model.conflicts ? 'dirty' : model.checks === 'passed' ? 'clean' : 'blocked',
    });
    if (path === '/pulls' && method === 'GET') {
      const [owner, head] = text(query.get('head')).split(':');
      const all = newestFirst(model).filter((pull) => pull.head === head && pull.base === query.get('base'));
      const own = all.filter(({ isFork = false }) => !isFork && owner === 'acme');
      return ok(own.filter(({ state }) => query.get('state') === 'all' || state === 'open').map(show));
    }
    if (path === '/pulls') {
      const [head, base] = [text(body['head']), text(body['base'])];
      if (model.shaOf(head) === undefined)
        return ok({ message: 'Validation Failed', errors: [{ field: 'head', code: 'invalid' }] }, 422);
      return ok(show(model.open({ head, base, title: text(body['title']), body: text(body['body']) })), 201);
    }
    return byNumber(asked, model, (pull) => {
      if (path.endsWith('/comments')) return commented(pull, body['body']);
      if (body['state'] === 'closed') return ok(show(closed(pull)));
      if (method === 'PATCH') return ok(show(change(pull, body['title'], body['body'])));
      if (!path.endsWith('/merge')) return ok(show(pull));
      if (body['merge_method'] === 'merge')
        return ok({ message: 'Merge commits are not allowed on this repository.' }, 405);
      if (body['sha'] !== model.shaOf(pull.head)) return ok({ message: 'Head branch was modified.' }, 409);
      model.merge(pull);
      return ok({ merged: true, sha: pull.mergeCommit });
    });
  },
};

const gitlab: Dialect = {
  repoURL: 'https://gitlab.com/acme/teams/shop.git',
  api: 'https://gitlab.com/api/v4/projects/acme%2Fteams%2Fshop',
  serve(asked, model) {
    const { method, path, query, body } = asked;
    const pipeline = { passed: 'success', running: 'running', failed: 'failed' }[model.checks];
    const show = (pull: Pull) => ({
      id: 1000 + pull.id,
      iid: pull.id,
      state: { open: 'opened', merged: 'merged', closed: 'closed' }[pull.state],
      created_at: pull.createdAt,
      sha: model.shaOf(pull.head),
      merge_commit_sha: pull.mergeCommit ?? null,
      squash_commit_sha: null,
      has_conflicts: model.conflicts,
      merge_when_pipeline_succeeds: pull.scheduled ?? false,
      head_pipeline: { id: 1, status: pipeline },
      source_project_id: pull.isFork ? 8 : 7,
      target_project_id: 7,
    });
    if (path === '/merge_requests' && method === 'GET') {
      const all = newestFirst(model).filter(
        ({ head, base }) => head === query.get('source_branch') && base === query.get('target_branch'),
      );
      return ok(all.filter(({ state }) => query.get('state') === 'all' || state === 'open').map(show));
    }
    if (path === '/merge_requests') {
      const [head, base] = [text(body['source_branch']), text(body['target_branch'])];
      if (model.shaOf(head) === undefined) return ok({ message: ['Source branch does not exist'] }, 400);
      return ok(show(model.open({ head, base, title: text(body['title']), body: text(body['description']) })), 201);
    }
    return byNumber(asked, model, (pull) => {
      if (path.endsWith('/notes')) return commented(pull, body['body']);
      if (body['state_event'] === 'close') return ok(show(closed(pull)));
      if (!path.endsWith('/merge'))
        return ok(show(method === 'PUT' ? change(pull, body['title'], body['description']) : pull));
      if (body['sha'] !== model.shaOf(pull.head))
        return ok({ message: 'SHA does not match HEAD of source branch' }, 409);
      if (body['merge_when_pipeline_succeeds'] === true) {
        if (model.checks !== 'running') return ok({ message: '405 Method Not Allowed' }, 405);
        pull.scheduled = true;
      } else model.merge(pull);
      return ok(show(pull));
    });
  },
};

const gitea: Dialect = {
  repoURL: 'https://codeberg.org/acme/shop',
  api: 'https://codeberg.org/api/v1/repos/acme/shop',
  serve(asked, model) {
    const { method, path, query, body } = asked;
    const show = (pull: Pull) => ({
      number: pull.id,
      state: pull.state === 'open' ? 'open' : 'closed',
      merged: pull.state === 'merged',
      mergeable: !model.conflicts,
      created_at: pull.createdAt,
      merge_commit_sha: pull.mergeCommit ?? null,
      head: { ref: pull.head, sha: model.shaOf(pull.head), repo_id: pull.isFork ? 8 : 7 },
      base: { ref: pull.base, sha: model.shaOf(pull.base), repo_id: 7 },
    });
    if (path === '/pulls' && method === 'GET')
      return ok(
        newestFirst(model)
          .filter(({ state }) => query.get('state') === 'all' || state === 'open')
          .map(show),
      );
    if (path === '/pulls') {
      const [head, base] = [text(body['head']), text(body['base'])];
      if (model.shaOf(head) === undefined) return ok({ message: 'could not find head branch' }, 404);
      return ok(show(model.open({ head, base, title: text(body['title']), body: text(body['body']) })), 201);
    }
    return byNumber(asked, model, (pull) => {
      if (path.endsWith('/comments')) return commented(pull, body['body']);
      if (body['state'] === 'closed') return ok(show(closed(pull)), 201);
      if (method === 'PATCH') return ok(show(change(pull, body['title'], body['body'])), 201);
      if (!path.endsWith('/merge')) return ok(show(pull));
      if (body['Do'] === 'merge') return ok({ message: 'merge style is not allowed' }, 405);
      if (body['head_commit_id'] !== model.shaOf(pull.head)) return ok({ message: 'head out of date' }, 409);
      if (pull.scheduled) return ok({ message: 'The pull request is already scheduled to auto merge.' }, 409);
      if (model.checks === 'passed') model.merge(pull);
      else pull.scheduled = true;
      return ok('', model.checks === 'passed' ? 200 : 201);
    });
  },
};

const bitbucket: Dialect = {
  repoURL: 'https://bitbucket.org/acme/shop.git',
  api: 'https://api.bitbucket.org/2.0/repositories/acme/shop',
  serve(asked, model) {
    const { method, path, query, body } = asked;
    const show = (pull: Pull) => ({
      id: pull.id,
      state: { open: 'OPEN', merged: 'MERGED', closed: 'DECLINED' }[pull.state],
      created_on: pull.createdAt,
      source: {
        branch: { name: pull.head },
        commit: { hash: model.shaOf(pull.head)?.slice(0, 12) },
        repository: { full_name: pull.isFork ? 'eve/shop' : 'Acme/shop' },
      },
      destination: { branch: { name: pull.base } },
      merge_commit: pull.mergeCommit === undefined ? null : { hash: pull.mergeCommit.slice(0, 12) },
    });
    if (path === '/pullrequests' && method === 'GET') {
      const [, head, base] = /^source\.branch\.name="(.*)" AND destination\.branch\.name="(.*)"$/.exec(
        text(query.get('q')),
      ) ?? [undefined, '', ''];
      const states = query.getAll('state');
      const all = newestFirst(model).map((pull) => ({ pull, shown: show(pull) }));
      const values = all.filter(
        ({ pull, shown }) => pull.head === head && pull.base === base && states.includes(shown.state),
      );
      return ok({ values: values.map(({ shown }) => shown) });
    }
    if (path === '/pullrequests') {
      const nameIn = (end: unknown): string => (end as { branch: { name: string } }).branch.name;
      const [head, base] = [nameIn(body['source']), nameIn(body['destination'])];
      if (model.shaOf(head) === undefined) return ok({ type: 'error', error: { message: 'branch not found' } }, 400);
      return ok(show(model.open({ head, base, title: text(body['title']), body: text(body['description']) })), 201);
    }
    return byNumber(asked, model, (pull) => {
      if (path.endsWith('/comments')) return commented(pull, (body['content'] as { raw: string }).raw);
      if (path.endsWith('/decline')) return ok(show(closed(pull)));
      if (method === 'PUT') return ok(show(change(pull, body['title'], body['description'])));
      const state = { passed: 'SUCCESSFUL', running: 'INPROGRESS', failed: 'FAILED' }[model.checks];
      if (path.endsWith('/statuses')) return ok({ values: [{ key: 'build', state }] });
      if (path.endsWith('/merge')) model.merge(pull);
      return ok(show(pull));
    });
  },
};

const azure: Dialect = {
  repoURL: 'https://dev.azure.com/acme/Shop%20Floor/_git/shop',
  api: 'https://dev.azure.com/acme/Shop%20Floor/_apis/git/repositories/shop',
  serve(asked, model) {
    const { method, path, query, body } = asked;
    if (query.get('api-version') === null) return ok({ message: 'No api-version was supplied' }, 400);
    const show = (pull: Pull) => ({
      pullRequestId: pull.id,
      status: { open: 'active', merged: 'completed', closed: 'abandoned' }[pull.state],
      creationDate: pull.createdAt,
      sourceRefName: `refs/heads/${pull.head}`,
      targetRefName: `refs/heads/${pull.base}`,
      mergeStatus: model.conflicts ? 'conflicts' : 'succeeded',
      lastMergeSourceCommit: { commitId: model.shaOf(pull.head) },
      lastMergeCommit: { commitId: pull.mergeCommit ?? 'e'.repeat(40) },
      createdBy: { id: 'sluice-bot' },
      ...(pull.scheduled ? { autoCompleteSetBy: { id: 'sluice-bot' } } : {}),
      ...(pull.isFork ? { forkSource: { name: pull.head } } : {}),
    });
    if (path === '/pullrequests' && method === 'GET') {
      const of = (name: string): string | undefined => query.get(`searchCriteria.${name}`)?.replace('refs/heads/', '');
      const all = newestFirst(model).filter(
        ({ head, base }) => head === of('sourceRefName') && base === of('targetRefName'),
      );
      return ok({ value: all.filter(({ state }) => of('status') === 'all' || state === 'open').map(show) });
    }
    if (path === '/pullrequests') {
      const branchIn = (name: string): string => text(body[name]).replace('refs/heads/', '');
      const [head, base] = [branchIn('sourceRefName'), branchIn('targetRefName')];
      if (model.shaOf(head) === undefined) return ok({ message: 'TF401398: the source branch does not exist' }, 409);
      if (text(body['description']).length > 4000) return ok({ message: 'Invalid description' }, 400);
      return ok(show(model.open({ head, base, title: text(body['title']), body: text(body['description']) })), 201);
    }
    return byNumber(asked, model, (pull) => {
      if (method === 'GET') return ok(show(pull));
      if (path.endsWith('/threads')) return commented(pull, (body['comments'] as { content: string }[])[0]?.content);
      if (body['status'] === 'abandoned') return ok(show(closed(pull)));
      if (body['autoCompleteSetBy'] === undefined) return ok(show(change(pull, body['title'], body['description'])));
      if (model.checks === 'passed') model.merge(pull);
      else pull.scheduled = true;
      return ok(show(pull));
    });
  },
};

export const DIALECTS: Readonly<Record<ForgeName, Dialect>> = {
  GitHub: github,
  GitLab: gitlab,
  Gitea: gitea,
  Bitbucket: bitbucket,
  AzureDevOps: azure,
};
