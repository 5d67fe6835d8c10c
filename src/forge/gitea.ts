// Gitea and Forgejo, at the root of their host or below a path.
import { z } from 'zod';
import { authorizationOf } from '../ports/source-reader.ts';
import { pulls } from './pulls.ts';
import type { ForgeApi, ForgeCall, Place, Seen } from './types.ts';
import { partsOf, pathOf, withQuery } from './urls.ts';

const branch = z.object({ ref: z.string(), sha: z.string().nullish(), repo_id: z.int().nullish() });
const answer = z.object({
  number: z.int(),
  state: z.string(),
  merged: z.boolean().nullish(),
  mergeable: z.boolean().nullish(),
  created_at: z.string(),
  merge_commit_sha: z.string().nullish(),
  head: branch,
  base: branch,
});
type Answer = z.infer<typeof answer>;

const seenAt = (at: Place): z.ZodType<Seen> => answer.transform((pull) => seen(pull, at));

export const gitea: ForgeApi = {
  needs: 'a token with write:repository of a user who may push',
  shape: 'https://HOST/OWNER/REPOSITORY',
  maxBody: 60_000,
  headers: { accept: 'application/json' },
  authorization: (credentials) => authorizationOf(credentials, 'token'),
  placeOf(repository) {
    const parts = partsOf(repository);
    if (parts === undefined || parts.length < 2) return undefined;
    const [root, own] = [parts.slice(0, -2), parts.slice(-2)];
    const host = [repository.origin, ...root.map((part) => encodeURIComponent(part))].join('/');
    return { api: `${host}/api/v1/repos/${pathOf(own)}`, web: `${host}/${pathOf(own)}`, path: own.join('/') };
  },
  find: (at, { head, base }) => {
    // It has no filter for branches that older versions know.
    const own = z.array(answer).transform((all) =>
      all
        .filter((one) => one.head.ref === head && one.base.ref === base && one.head.repo_id === one.base.repo_id)
        .sort((a, b) => b.number - a.number)
        .map((one) => seen(one, at)),
    );
    const query = { state: 'all', sort: 'recentupdate', limit: '50' };
    return { method: 'GET', url: withQuery(`${at.api}/pulls`, query), answer: own };
  },
  ...pulls(seenAt),
};

function seen(pull: Answer, at: Place): Seen {
  const { number, merged, state, mergeable } = pull;
  const by = (style: string): ForgeCall<unknown> => ({
    method: 'POST',
    url: `${at.api}/pulls/${number}/merge`,
    body: { Do: style, head_commit_id: pull.head.sha ?? '', merge_when_checks_succeed: true },
    answer: z.unknown(),
  });
  return {
    id: String(number),
    url: `${at.web}/pulls/${number}`,
    state: merged === true ? 'merged' : state === 'open' ? 'open' : 'closed',
    head: pull.head.sha ?? undefined,
    createdAt: pull.created_at,
    // It says so as well while it has not looked yet.
    conflicts: mergeable === false,
    mergeCommit: merged === true ? (pull.merge_commit_sha ?? undefined) : undefined,
    merging: { calls: ['merge', 'squash', 'rebase'].map(by) },
  };
}
