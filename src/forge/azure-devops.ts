// Azure DevOps: dev.azure.com, the older hosts under visualstudio.com, and servers of one's own.
import { z } from 'zod';
import { authorizationOf } from '../ports/source-reader.ts';
import type { ForgeApi, Merging, Place, Seen } from './types.ts';
import { partsOf, pathOf, withQuery } from './urls.ts';

const commit = z.object({ commitId: z.string() }).nullish();
const answer = z.object({
  pullRequestId: z.int(),
  status: z.string(),
  creationDate: z.string(),
  mergeStatus: z.string().nullish(),
  lastMergeSourceCommit: commit,
  lastMergeCommit: commit,
  autoCompleteSetBy: z.object({ id: z.string() }).nullish(),
  createdBy: z.object({ id: z.string() }).nullish(),
  forkSource: z.unknown().optional(),
});
type Answer = z.infer<typeof answer>;

const VERSION = { 'api-version': '6.0' };
const ref = (branch: string): string => `refs/heads/${branch}`;

export const azureDevOps: ForgeApi = {
  needs: 'a personal access token with "Code (read & write)"',
  shape: 'https://dev.azure.com/ORGANISATION/PROJECT/_git/REPOSITORY',
  maxBody: 4_000,
  headers: { accept: 'application/json' },
  authorization: (credentials) => authorizationOf(credentials),
  placeOf(repository) {
    const parts = partsOf(repository) ?? [];
    const at = parts.indexOf('_git');
    const name = parts[at + 1];
    if (at === -1 || name === undefined || parts.length !== at + 2) return undefined;
    const before = parts.slice(0, at);
    // The repository that is called as its project may stand alone.
    const least = repository.hostname.endsWith('.visualstudio.com') ? 1 : 2;
    const project = before.length < least ? [...before, name] : before;
    const api = `${repository.origin}/${pathOf(project)}/_apis/git/repositories/${encodeURIComponent(name)}`;
    return { api, web: `${repository.origin}/${pathOf(parts)}`, path: [...project, name].join('/') };
  },
  find: (at, { head, base }) => {
    const query = {
      'searchCriteria.sourceRefName': ref(head),
      'searchCriteria.targetRefName': ref(base),
      'searchCriteria.status': 'all',
      $top: '10',
      ...VERSION,
    };
    const own = z.object({ value: z.array(answer) }).transform(({ value }) =>
      value
        .filter(({ forkSource }) => forkSource === undefined || forkSource === null)
        .sort((a, b) => b.pullRequestId - a.pullRequestId)
        .map((one) => seen(one, at)),
    );
    return { method: 'GET', url: withQuery(`${at.api}/pullrequests`, query), answer: own };
  },
  look: (at, id) => ({ method: 'GET', url: pullUrl(at, id), answer: seenAt(at) }),
  open: (at, { head, base, title, body }) => ({
    method: 'POST',
    url: withQuery(`${at.api}/pullrequests`, VERSION),
    body: { sourceRefName: ref(head), targetRefName: ref(base), title, description: body },
    answer: seenAt(at),
  }),
  revise: (at, id, { title, body }) => ({
    method: 'PATCH',
    url: pullUrl(at, id),
    body: { title, description: body },
    answer: seenAt(at),
  }),
  close: (at, id) => ({ method: 'PATCH', url: pullUrl(at, id), body: { status: 'abandoned' }, answer: z.unknown() }),
  comment: (at, id, content) => ({
    method: 'POST',
    url: withQuery(`${at.api}/pullrequests/${id}/threads`, VERSION),
    body: { comments: [{ parentCommentId: 0, content, commentType: 'text' }], status: 'closed' },
    answer: z.unknown(),
  }),
};

const pullUrl = (at: Place, id: string): string => withQuery(`${at.api}/pullrequests/${id}`, VERSION);

const seenAt = (at: Place): z.ZodType<Seen> => answer.transform((pull) => seen(pull, at));

function seen(pull: Answer, at: Place): Seen {
  const { pullRequestId: id, status } = pull;
  return {
    id: String(id),
    url: `${at.web}/pullrequest/${id}`,
    state: status === 'completed' ? 'merged' : status === 'active' ? 'open' : 'closed',
    head: pull.lastMergeSourceCommit?.commitId,
    createdAt: pull.creationDate,
    conflicts: pull.mergeStatus === 'conflicts',
    mergeCommit: status === 'completed' ? pull.lastMergeCommit?.commitId : undefined,
    merging: mergingOf(pull, at),
  };
}

/** It completes by itself once its policies are met, in the name of whoever opened it. */
function mergingOf({ pullRequestId: id, autoCompleteSetBy: set, createdBy }: Answer, at: Place): Merging {
  if (set !== undefined && set !== null) return { calls: [] };
  const body = { autoCompleteSetBy: { id: createdBy?.id }, completionOptions: { deleteSourceBranch: true } };
  return { calls: [{ method: 'PATCH', url: pullUrl(at, String(id)), body, answer: z.unknown() }] };
}
