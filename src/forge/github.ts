// GitHub, and GitHub Enterprise Server under /api/v3 of its own host.
import { z } from 'zod';
import { pulls } from './pulls.ts';
import type { ForgeApi, ForgeCall, Merging, Place, Seen } from './types.ts';
import { partsOf, pathOf, tokenOf, withQuery } from './urls.ts';

const answer = z.object({
  number: z.int(),
  state: z.string(),
  created_at: z.string(),
  merged_at: z.string().nullish(),
  merge_commit_sha: z.string().nullish(),
  head: z.object({ sha: z.string() }),
  mergeable: z.boolean().nullish(),
  mergeable_state: z.string().nullish(),
});
type Answer = z.infer<typeof answer>;

const seenAt = (at: Place): z.ZodType<Seen> => answer.transform((pull) => seen(pull, at));

/** States in which its checks, required or not, have passed. */
const MERGEABLE: ReadonlySet<string> = new Set(['clean', 'has_hooks']);

export const github: ForgeApi = {
  needs:
    'a fine-grained token with "Contents" and "Pull requests" read and write, or a classic one with the scope repo',
  shape: 'https://HOST/OWNER/REPOSITORY',
  maxBody: 60_000,
  headers: { accept: 'application/vnd.github+json', 'x-github-api-version': '2022-11-28' },
  authorization: (credentials) => `Bearer ${tokenOf(credentials)}`,
  placeOf(repository) {
    const parts = partsOf(repository);
    if (parts?.length !== 2) return undefined;
    const path = pathOf(parts);
    const base = repository.hostname === 'github.com' ? 'https://api.github.com' : `${repository.origin}/api/v3`;
    return { api: `${base}/repos/${path}`, web: `${repository.origin}/${path}`, path: parts.join('/') };
  },
  find: (at, { head, base }) => {
    const owner = at.path.split('/')[0] ?? '';
    const query = { head: `${owner}:${head}`, base, state: 'all', sort: 'created', direction: 'desc', per_page: '10' };
    return { method: 'GET', url: withQuery(`${at.api}/pulls`, query), answer: z.array(seenAt(at)) };
  },
  ...pulls(seenAt),
};

function seen(pull: Answer, at: Place): Seen {
  const isMerged = typeof pull.merged_at === 'string';
  return {
    id: String(pull.number),
    url: `${at.web}/pull/${pull.number}`,
    state: isMerged ? 'merged' : pull.state === 'open' ? 'open' : 'closed',
    head: pull.head.sha,
    createdAt: pull.created_at,
    conflicts: pull.mergeable_state === 'dirty',
    // Of an open one it is a commit that only tries whether it could be merged.
    mergeCommit: isMerged ? (pull.merge_commit_sha ?? undefined) : undefined,
    merging: mergingOf(pull, at),
  };
}

/** A token may be allowed to pass over checks: it is asked only once they have passed. */
function mergingOf({ number, mergeable_state: state, head }: Answer, at: Place): Merging {
  const by = (method: string): ForgeCall<unknown> => ({
    method: 'PUT',
    url: `${at.api}/pulls/${number}/merge`,
    body: { sha: head.sha, merge_method: method },
    answer: z.unknown(),
  });
  const waits = MERGEABLE.has(state ?? '')
    ? undefined
    : `its checks and reviews (GitHub says ${state ?? 'nothing yet'})`;
  return { waits, calls: ['merge', 'squash', 'rebase'].map(by) };
}
