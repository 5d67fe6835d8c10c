// Forges over HTTP: sends what their rooms build, with the credentials of the Application's Secret, and reads what comes back.
import type { ForgeName } from '../api/forges.ts';
import { webUrl } from '../api/repository-url.ts';
import { fail, ok } from '../api/result.ts';
import type { Clock } from '../ports/clock.ts';
import type {
  Forge,
  ForgeFailure,
  ForgeRepository,
  ForgeResult,
  PullRequest,
  PullRequestText,
} from '../ports/forge.ts';
import { HttpFailure, type Http, type OutboundRequest, type OutboundResponse } from '../ports/http.ts';
import { azureDevOps } from './azure-devops.ts';
import { bitbucket } from './bitbucket.ts';
import { failureOf, unanswered, unreadable, type Asked } from './failure.ts';
import { gitea } from './gitea.ts';
import { github } from './github.ts';
import { gitlab } from './gitlab.ts';
import type { ForgeApi, ForgeCall, Merging, Place, Seen } from './types.ts';

const APIS: Readonly<Record<ForgeName, ForgeApi>> = {
  GitHub: github,
  GitLab: gitlab,
  Gitea: gitea,
  Bitbucket: bitbucket,
  AzureDevOps: azureDevOps,
};

export interface ForgeDeps {
  http: Http;
  clock: Pick<Clock, 'now'>;
}

/** A forge holds up nobody for longer. */
const MAX_TIMEOUT_MS = 15_000;
const MAX_BYTES = 4 * 2 ** 20;
const MAX_TITLE = 240;
const COMMIT = /^([0-9a-f]{40}|[0-9a-f]{64})$/;
const ID = /^\d{1,18}$/;

/** All forges, each reached as its repositories' URLs say. */
export function createForge(deps: ForgeDeps): Forge {
  return {
    find: (repository, branches, signal) =>
      within(repository, deps, signal, async ({ api, place, send }) => {
        const found = await send(api.find(place, branches));
        return found.ok ? ok(found.value[0] && told(found.value[0])) : found;
      }),
    open: (repository, { head, base, ...text }, signal) =>
      within(repository, deps, signal, async ({ api, place, send }) =>
        toldOf(await send(api.open(place, { head, base, ...fitting(text, api) }))),
      ),
    revise: (repository, { id, ...text }, signal) =>
      within(repository, deps, signal, async ({ api, place, send }) =>
        ID.test(id) ? toldOf(await send(api.revise(place, id, fitting(text, api)))) : notANumber(id),
      ),
    look: (repository, id, signal) =>
      within(repository, deps, signal, async ({ api, place, send }) =>
        ID.test(id) ? toldOf(await send(api.look(place, id))) : notANumber(id),
      ),
    close: (repository, pull, signal) =>
      within(repository, deps, signal, async (asking) =>
        ID.test(pull.id) ? close(pull, asking) : notANumber(pull.id),
      ),
    merge: (repository, pull, signal) =>
      within(repository, deps, signal, async (asking) =>
        ID.test(pull.id) ? merge(pull, asking) : notANumber(pull.id),
      ),
  };
}

interface Asking {
  api: ForgeApi;
  place: Place;
  send: <T>(call: ForgeCall<T>) => Promise<ForgeResult<T>>;
}

// oxlint-disable-next-line max-params -- the three are one call's
async function within<T>(
  repository: ForgeRepository,
  deps: ForgeDeps,
  signal: AbortSignal,
  run: (asking: Asking) => Promise<ForgeResult<T>>,
): Promise<ForgeResult<T>> {
  const api = APIS[repository.forge];
  const shown = webUrl(repository.repoURL);
  const place = shown && api.placeOf(shown);
  if (place === undefined) {
    const message = `${repository.repoURL} is no URL of a repository of ${repository.forge}, such as ${api.shape}; spec.writeBack.forge names another forge`;
    return refused('NotFound', message);
  }
  return run({ api, place, send: (call) => send(call, { repository, api, deps, signal }) });
}

interface Sending {
  repository: ForgeRepository;
  api: ForgeApi;
  deps: ForgeDeps;
  signal: AbortSignal;
}

async function send<T>(call: ForgeCall<T>, at: Sending): Promise<ForgeResult<T>> {
  const request = requestOf(call, at);
  const { repository, api, deps } = at;
  const asked: Asked = { repository, api, host: request.url.host, now: deps.clock.now() };
  try {
    const response = await deps.http.request(request);
    // Azure DevOps answers 203 with a page to log in.
    return response.status >= 200 && response.status < 300
      ? read(call, response, asked)
      : fail(failureOf(response, asked));
  } catch (error) {
    if (!(error instanceof HttpFailure)) throw error;
    return fail(unanswered(error, asked));
  }
}

function requestOf(call: ForgeCall<unknown>, { repository, api, signal }: Sending): OutboundRequest {
  const { credentials, secret, timeoutMs } = repository;
  return {
    use: 'git',
    method: call.method,
    url: new URL(call.url),
    headers: {
      'user-agent': 'sluice',
      ...api.headers,
      authorization: api.authorization(credentials),
      ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
    secrets: [secret],
    deadlineMs: Math.min(timeoutMs, MAX_TIMEOUT_MS),
    maxBytes: MAX_BYTES,
    signal,
  };
}

function read<T>({ answer }: ForgeCall<T>, response: OutboundResponse, asked: Asked): ForgeResult<T> {
  try {
    const parsed = answer.safeParse(response.body.trim() === '' ? null : JSON.parse(response.body));
    return parsed.success ? ok(parsed.data) : fail(unreadable(response, asked));
  } catch {
    return fail(unreadable(response, asked));
  }
}

/** Closed first: where it were commented on first and cannot be closed, each try would say it once more. */
async function close(
  { id, why }: { id: string; why: string },
  { api, place, send }: Asking,
): Promise<ForgeResult<string | undefined>> {
  const closed = await send(api.close(place, id));
  if (!closed.ok) return closed;
  const said = await send(api.comment(place, id, why));
  return ok(said.ok ? undefined : said.error.message);
}

async function merge(
  { id, commit }: { id: string; commit: string },
  { api, place, send }: Asking,
): Promise<ForgeResult<string | undefined>> {
  const seen = await send(api.look(place, id));
  if (!seen.ok || seen.value.state !== 'open') return seen.ok ? ok(undefined) : seen;
  const { merging } = seen.value;
  const waits = waitOf(seen.value, commit);
  if (waits !== undefined) return ok(waits);
  const check = merging.check && (await send(merging.check));
  if (check && (!check.ok || check.value !== undefined)) return check;
  return tryInTurn(merging.calls, send);
}

function waitOf({ merging, head, conflicts }: Seen, commit: string): string | undefined {
  if (!isAt(head, commit)) return 'somebody to merge it by hand, as its branch has other commits than ours';
  return conflicts ? 'its conflicts with the branch it is for' : merging.waits;
}

/** A commit that may be shortened. */
const isAt = (head: string | undefined, commit: string): boolean =>
  head !== undefined && head.length >= 7 && commit.startsWith(head);

/** The next where a forge does not allow one, such as a kind of merge. */
async function tryInTurn(calls: Merging['calls'], send: Asking['send']): Promise<ForgeResult<string | undefined>> {
  let last: ForgeFailure | undefined;
  for (const call of calls) {
    const asked = await send(call);
    if (asked.ok || isUnderWay(asked.error)) return ok(undefined);
    last ??= asked.error;
    if (asked.error.reason !== 'Refused' || !/\(405\)/.test(asked.error.message)) break;
  }
  return last === undefined ? ok(undefined) : fail(last);
}

/** What has been asked for already is no failure. */
const isUnderWay = ({ message }: ForgeFailure): boolean => /already scheduled/i.test(message);

const told = ({ id, url, state, head, createdAt, conflicts, mergeCommit }: PullRequest): PullRequest => ({
  id,
  url,
  state,
  head,
  createdAt,
  conflicts,
  // A shortened one is none that anything can be kept by.
  mergeCommit: mergeCommit !== undefined && COMMIT.test(mergeCommit) ? mergeCommit : undefined,
});

const toldOf = (seen: ForgeResult<PullRequest | Seen>): ForgeResult<PullRequest> =>
  seen.ok ? ok(told(seen.value)) : seen;

function fitting({ title, body }: PullRequestText, { maxBody }: ForgeApi): PullRequestText {
  return {
    title: cut(title, MAX_TITLE, '…'),
    body: cut(body, maxBody, '\n```\n\nThe rest is in the message of the commit.\n'),
  };
}

const cut = (text: string, max: number, end: string): string =>
  text.length <= max ? text : text.slice(0, max - end.length) + end;

const notANumber = (id: string): ForgeResult<never> =>
  refused('Refused', `${JSON.stringify(id)} on record is no number of a pull request`);

const refused = (reason: ForgeFailure['reason'], message: string): ForgeResult<never> => fail({ reason, message });
