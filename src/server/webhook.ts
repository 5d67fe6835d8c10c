// What a Git host says about a push: checks who says it, and turns the payload into a hint. A hint only makes the agent look at the
// repository sooner, so that a forged or replayed one can do no more than cost a look.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

export interface Hint {
  /** Every form of the repository's URL that the payload names. */
  repoURLs: string[];
  /** For example `refs/heads/main`. */
  ref?: string;
  /** Full id of the pushed commit. */
  commit?: string;
  /** When it reached Sluice, milliseconds since the epoch. */
  deliveredAt: number;
  /** From the path `/webhook/<namespace>/<application>`. */
  application?: { namespace: string; name: string };
}

type Headers = Record<string, string | string[] | undefined>;

/** Whether the request proves that it knows the secret: an HMAC over the raw body (GitHub, Gitea), or the secret itself (GitLab). */
export function isAuthentic(headers: Headers, body: Buffer, secret: string): boolean {
  const github = one(headers['x-hub-signature-256']);
  if (github !== undefined) return sameText(github, `sha256=${hmac(secret, body)}`);
  const gitea = one(headers['x-gitea-signature']);
  if (gitea !== undefined) return sameText(gitea, hmac(secret, body));
  const gitlab = one(headers['x-gitlab-token']);
  return gitlab !== undefined && sameText(gitlab, secret);
}

/** The hint in a push payload of GitHub, Gitea, GitLab, or the plain form `{repoURL, ref, commit}`; undefined when it names no repository. */
export function readHint(payload: unknown): Omit<Hint, 'deliveredAt' | 'application'> | undefined {
  const root = record(payload);
  const repository = record(root['repository']);
  const project = record(root['project']);
  const candidates = [
    root['repoURL'],
    ...['clone_url', 'ssh_url', 'git_url', 'html_url', 'git_http_url', 'git_ssh_url', 'url'].map(
      (key) => repository[key],
    ),
    ...['git_http_url', 'git_ssh_url', 'http_url', 'ssh_url', 'web_url'].map((key) => project[key]),
  ];
  const repoURLs = [...new Set(candidates.map(text).filter((url) => url !== undefined))];
  if (repoURLs.length === 0) return undefined;
  const ref = text(root['ref']);
  const commit = commitId(root['after']) ?? commitId(root['checkout_sha']) ?? commitId(root['commit']);
  return { repoURLs, ...(ref && { ref }), ...(commit && { commit }) };
}

const hmac = (secret: string, body: Buffer): string => createHmac('sha256', secret).update(body).digest('hex');

/** Constant time, whatever the lengths. */
function sameText(a: string, b: string): boolean {
  const digest = (value: string): Buffer => createHash('sha256').update(value).digest();
  return timingSafeEqual(digest(a), digest(b));
}

function one(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && value.length <= 2_048 ? value : undefined;
}

/** A commit id, but not the zeros that stand for a deleted branch. */
function commitId(value: unknown): string | undefined {
  return typeof value === 'string' && /^[0-9a-f]{40,64}$/.test(value) && !/^0+$/.test(value) ? value : undefined;
}
