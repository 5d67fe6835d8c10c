// GitLab: gitlab.com and servers of one's own, at the root of their host.
import { z } from 'zod';
import type { ForgeApi, Merging, Place, Seen } from './types.ts';
import { partsOf, pathOf, tokenOf, withQuery } from './urls.ts';

const answer = z.object({
  iid: z.int(),
  state: z.string(),
  created_at: z.string(),
  sha: z.string().nullish(),
  merge_commit_sha: z.string().nullish(),
  squash_commit_sha: z.string().nullish(),
  has_conflicts: z.boolean().nullish(),
  merge_when_pipeline_succeeds: z.boolean().nullish(),
  head_pipeline: z.object({ status: z.string() }).nullish(),
  source_project_id: z.int().nullish(),
  target_project_id: z.int().nullish(),
});
type Answer = z.infer<typeof answer>;

/** States of a pipeline that comes to no good end by itself. */
const ENDED: ReadonlySet<string> = new Set(['failed', 'canceled', 'canceling', 'manual']);

export const gitlab: ForgeApi = {
  needs: 'a token with the scope api and the role Developer, or one that may merge for autoMerge',
  shape: 'https://HOST/GROUP/PROJECT',
  maxBody: 200_000,
  headers: { accept: 'application/json' },
  authorization: (credentials) => `Bearer ${tokenOf(credentials)}`,
  placeOf(repository) {
    const parts = partsOf(repository);
    if (parts === undefined || parts.length < 2) return undefined;
    const path = parts.join('/');
    const api = `${repository.origin}/api/v4/projects/${encodeURIComponent(path)}`;
    return { api, web: `${repository.origin}/${pathOf(parts)}`, path };
  },
  find: (at, { head, base }) => {
    const order = { order_by: 'created_at', sort: 'desc', per_page: '10' };
    const query = { source_branch: head, target_branch: base, state: 'all', scope: 'all', ...order };
    // A fork may have a branch of that name.
    const own = z
      .array(answer)
      .transform((all) =>
        all.filter((one) => one.source_project_id === one.target_project_id).map((one) => seen(one, at)),
      );
    return { method: 'GET', url: withQuery(`${at.api}/merge_requests`, query), answer: own };
  },
  look: (at, id) => ({ method: 'GET', url: `${at.api}/merge_requests/${id}`, answer: seenAt(at) }),
  open: (at, { head, base, title, body }) => ({
    method: 'POST',
    url: `${at.api}/merge_requests`,
    body: { source_branch: head, target_branch: base, title, description: body, remove_source_branch: true },
    answer: seenAt(at),
  }),
  revise: (at, id, { title, body }) => ({
    method: 'PUT',
    url: `${at.api}/merge_requests/${id}`,
    body: { title, description: body },
    answer: seenAt(at),
  }),
  close: (at, id) => ({
    method: 'PUT',
    url: `${at.api}/merge_requests/${id}`,
    body: { state_event: 'close' },
    answer: z.unknown(),
  }),
  comment: (at, id, body) => ({
    method: 'POST',
    url: `${at.api}/merge_requests/${id}/notes`,
    body: { body },
    answer: z.unknown(),
  }),
};

const seenAt = (at: Place): z.ZodType<Seen> => answer.transform((request) => seen(request, at));

function seen(request: Answer, at: Place): Seen {
  const { iid, state } = request;
  return {
    id: String(iid),
    url: `${at.web}/-/merge_requests/${iid}`,
    state: state === 'merged' ? 'merged' : state === 'closed' ? 'closed' : 'open',
    head: request.sha ?? undefined,
    createdAt: request.created_at,
    conflicts: request.has_conflicts === true,
    mergeCommit: request.merge_commit_sha ?? request.squash_commit_sha ?? undefined,
    merging: mergingOf(request, at),
  };
}

/** Without a pipeline GitLab refuses to wait for one, and merges at once. */
function mergingOf(
  { iid, sha, head_pipeline: pipeline, merge_when_pipeline_succeeds: set }: Answer,
  at: Place,
): Merging {
  if (set === true) return { calls: [] };
  const status = pipeline?.status ?? 'success';
  if (ENDED.has(status)) return { waits: `its pipeline (GitLab says ${status})`, calls: [] };
  // The first is what newer versions call it.
  const later = status === 'success' ? {} : { auto_merge: true, merge_when_pipeline_succeeds: true };
  const url = `${at.api}/merge_requests/${iid}/merge`;
  return { calls: [{ method: 'PUT', url, body: { sha, ...later }, answer: z.unknown() }] };
}
