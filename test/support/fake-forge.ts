// A forge over a repository in memory, behind the port of outbound HTTP: it keeps pull requests, and people merge and close them.
import type { ForgeName } from '../../src/api/forges.ts';
import { toTime, type Clock } from '../../src/ports/clock.ts';
import type { Http, OutboundRequest, OutboundResponse } from '../../src/ports/http.ts';
import type { FakeRepository } from './fake-git.ts';
import { DIALECTS, type Model, type Pull } from './forge-dialects.ts';

export class FakeForge implements Http, Model {
  readonly pulls: Pull[] = [];
  readonly requests: OutboundRequest[] = [];
  conflicts = false;
  checks: Model['checks'] = 'passed';
  /** Answers in its place, or throws; undefined: it answers itself. */
  intercept: (request: OutboundRequest) => OutboundResponse | undefined = () => undefined;
  forge: ForgeName;
  readonly #repository: FakeRepository;
  readonly #clock: Clock;

  constructor(forge: ForgeName, repository: FakeRepository, clock: Clock) {
    this.forge = forge;
    this.#repository = repository;
    this.#clock = clock;
  }

  check(): void {
    // The operator allows everything.
  }

  async request(request: OutboundRequest): Promise<OutboundResponse> {
    this.requests.push(request);
    const instead = this.intercept(request);
    if (instead) return instead;
    const { api, serve } = DIALECTS[this.forge];
    const [address = '', query = ''] = request.url.href.split('?');
    if (!address.startsWith(`${api}/`)) return { status: 404, headers: {}, body: '{"message":"Not Found"}' };
    const { status, body } = serve(
      {
        method: request.method,
        path: address.slice(api.length),
        query: new URLSearchParams(query),
        body: JSON.parse(request.body ?? '{}') as Record<string, unknown>,
      },
      this,
    );
    return { status, headers: { 'content-type': 'application/json' }, body: body === '' ? '' : JSON.stringify(body) };
  }

  shaOf(branch: string): string | undefined {
    return this.#repository.branches.get(branch);
  }

  open(pull: Pick<Pull, 'head' | 'base' | 'title' | 'body'>): Pull {
    const opened: Pull = { ...pull, id: this.pulls.length + 1, state: 'open', createdAt: toTime(this.#clock.now()) };
    this.pulls.push(opened);
    return opened;
  }

  /** A merge commit on the base, with the files that the branch changed. */
  merge(pull: Pull): void {
    const { commits, branches } = this.#repository;
    const tip = commits.get(branches.get(pull.head) ?? '');
    const before = commits.get(tip?.commit.parents[0] ?? '')?.files ?? new Map<string, string>();
    const paths = new Set([...before.keys(), ...(tip?.files.keys() ?? [])]);
    const changed = [...paths].filter((path) => before.get(path) !== tip?.files.get(path));
    pull.mergeCommit = this.#repository.push({
      branch: pull.base,
      parent: branches.get(pull.base),
      changes: new Map(changed.map((path) => [path, tip?.files.get(path) ?? null])),
      message: `Merge pull request #${pull.id}`,
      author: { name: 'Ada', email: 'ada@example.com' },
    });
    pull.state = 'merged';
  }

  /** Requests of a kind, such as those that open one. */
  count(method: OutboundRequest['method']): number {
    return this.requests.filter((request) => request.method === method).length;
  }
}

/** An answer in JSON. */
export const answer = (status: number, body: unknown = {}, headers: Record<string, string> = {}): OutboundResponse => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body),
});
