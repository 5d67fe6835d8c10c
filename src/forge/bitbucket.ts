// Bitbucket Cloud, whose API has a host of its own. (Data Center has another API.)
import { z } from 'zod';
import { authorizationOf } from '../ports/source-reader.ts';
import type { ForgeApi, ForgeCall, Place, Seen } from './types.ts';
import { partsOf, pathOf } from './urls.ts';

const end = z.object({
  branch: z.object({ name: z.string() }),
  commit: z.object({ hash: z.string() }).nullish(),
  repository: z.object({ full_name: z.string() }).nullish(),
});
const answer = z.object({
  id: z.int(),
  state: z.string(),
  created_on: z.string(),
  source: end,
  merge_commit: z.object({ hash: z.string() }).nullish(),
});
type Answer = z.infer<typeof answer>;

const STATES: readonly string[] = ['OPEN', 'MERGED', 'DECLINED', 'SUPERSEDED'];
/** User name of a repository's access token, whose password is the token: the API takes it as a bearer token. */
const TOKEN_USER = 'x-token-auth';

export const bitbucket: ForgeApi = {
  needs: 'an access token of the repository with the scopes repository:write and pullrequest:write',
  shape: 'https://bitbucket.org/WORKSPACE/REPOSITORY (Bitbucket Data Center is not supported)',
  maxBody: 30_000,
  headers: { accept: 'application/json' },
  authorization: (credentials) =>
    'username' in credentials && credentials.username === TOKEN_USER
      ? authorizationOf({ bearerToken: credentials.password })
      : authorizationOf(credentials),
  placeOf(repository) {
    const parts = partsOf(repository);
    if (repository.hostname !== 'bitbucket.org' || parts?.length !== 2) return undefined;
    const path = pathOf(parts);
    return {
      api: `https://api.bitbucket.org/2.0/repositories/${path}`,
      web: `${repository.origin}/${path}`,
      path: parts.join('/'),
    };
  },
  find: (at, { head, base }) => {
    const query = new URLSearchParams(STATES.map((state): [string, string] => ['state', state]));
    query.set('q', `source.branch.name=${JSON.stringify(head)} AND destination.branch.name=${JSON.stringify(base)}`);
    query.set('sort', '-created_on');
    query.set('pagelen', '10');
    const own = z
      .object({ values: z.array(answer) })
      .transform(({ values }) => values.filter((one) => isOwn(one, at)).map((one) => seen(one, at)));
    return { method: 'GET', url: `${at.api}/pullrequests?${query.toString()}`, answer: own };
  },
  look: (at, id) => ({ method: 'GET', url: `${at.api}/pullrequests/${id}`, answer: seenAt(at) }),
  open: (at, { head, base, title, body }) => ({
    method: 'POST',
    url: `${at.api}/pullrequests`,
    body: {
      title,
      description: body,
      source: { branch: { name: head } },
      destination: { branch: { name: base } },
      close_source_branch: true,
    },
    answer: seenAt(at),
  }),
  revise: (at, id, { title, body }) => ({
    method: 'PUT',
    url: `${at.api}/pullrequests/${id}`,
    body: { title, description: body },
    answer: seenAt(at),
  }),
  close: (at, id) => ({
    method: 'POST',
    url: `${at.api}/pullrequests/${id}/decline`,
    body: {},
    answer: z.unknown(),
  }),
  comment: (at, id, raw) => ({
    method: 'POST',
    url: `${at.api}/pullrequests/${id}/comments`,
    body: { content: { raw } },
    answer: z.unknown(),
  }),
};

const seenAt = (at: Place): z.ZodType<Seen> => answer.transform((pull) => seen(pull, at));

/** Not of a fork. */
const isOwn = ({ source }: Answer, at: Place): boolean =>
  source.repository?.full_name.toLowerCase() === at.path.toLowerCase();

function seen(pull: Answer, at: Place): Seen {
  const { id, state } = pull;
  return {
    id: String(id),
    url: `${at.web}/pull-requests/${id}`,
    state: state === 'MERGED' ? 'merged' : state === 'OPEN' ? 'open' : 'closed',
    head: pull.source.commit?.hash,
    createdAt: pull.created_on,
    // It does not say.
    conflicts: false,
    mergeCommit: pull.merge_commit?.hash,
    merging: {
      check: checksOf(at, id),
      calls: [{ method: 'POST', url: `${at.api}/pullrequests/${id}/merge`, body: {}, answer: z.unknown() }],
    },
  };
}

/** Builds are waited for here: Bitbucket itself does so in its Premium plan alone. */
function checksOf(at: Place, id: number): ForgeCall<string | undefined> {
  const statuses = z.object({ values: z.array(z.object({ state: z.string(), key: z.string().nullish() })) });
  return {
    method: 'GET',
    url: `${at.api}/pullrequests/${id}/statuses?pagelen=100`,
    answer: statuses.transform(({ values }) => {
      const open = values.find(({ state }) => state !== 'SUCCESSFUL');
      return open && `its build ${open.key ?? ''} (Bitbucket says ${open.state})`;
    }),
  };
}
