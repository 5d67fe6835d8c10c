// What a Git host says about a push: checks who says it, and turns the payload into a hint. A hint only makes the agent look at the
// repository sooner, so that a forged one could do no more than cost a look.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

export interface Hint {
  /** Every form of the repository's URL that the payload names. */
  repoURLs: string[];
  /** For example `refs/heads/main`. */
  ref?: string;
  /** When it reached Sluice, milliseconds since the epoch. */
  deliveredAt: number;
  /** From the path `/webhook/<namespace>/<application>`: only that Application is meant. */
  application?: { namespace: string; name: string };
}

export type Headers = Record<string, string | string[] | undefined>;

/** How a request claims to know the secret: an HMAC over the text that it signs (GitHub, Gitea, others), or the secret itself (GitLab). */
export type Claim = { token: string } | { digest: string; timestamp: string | undefined };

/** Furthest that a signed timestamp may be off, either way. */
export const TIMESTAMP_SLACK_MS = 5 * 60_000;

/** Undefined where the request makes no claim: then nothing of its body need be read. */
export function claimOf(headers: Headers): Claim | undefined {
  const timestamp = one(headers['x-sluice-timestamp']);
  const github = one(headers['x-hub-signature-256']);
  if (github !== undefined) return { digest: github.replace(/^sha256=/, ''), timestamp };
  const gitea = one(headers['x-gitea-signature']);
  if (gitea !== undefined) return { digest: gitea, timestamp };
  const token = one(headers['x-gitlab-token']);
  return token === undefined ? undefined : { token };
}

/** Whether the claim holds. With `X-Sluice-Timestamp` (seconds since the epoch) the signed text is `<timestamp>.<body>`. */
export function holds(claim: Claim, body: Buffer, secret: string): boolean {
  if ('token' in claim) return sameText(claim.token, secret);
  const hmac = createHmac('sha256', secret);
  if (claim.timestamp !== undefined) hmac.update(`${claim.timestamp}.`);
  return sameText(claim.digest, hmac.update(body).digest('hex'));
}

/** Whether what was signed is of another time than now. Without a timestamp it is of no time. */
export function isStale(claim: Claim, now: number): boolean {
  if (!('timestamp' in claim) || claim.timestamp === undefined) return false;
  const seconds = /^[0-9]{1,12}$/.test(claim.timestamp) ? Number(claim.timestamp) : Number.NaN;
  return !(Math.abs(now - seconds * 1000) <= TIMESTAMP_SLACK_MS);
}

/** What tells this signed text from every other. */
export function identityOf(claim: Claim, body: Buffer): string {
  const hash = createHash('sha256');
  if ('timestamp' in claim && claim.timestamp !== undefined) hash.update(`${claim.timestamp}.`);
  return hash.update(body).digest('base64');
}

/** The sender's own id of a delivery. No sender signs it. */
export function deliveryId(headers: Headers): string | undefined {
  const names = ['x-github-delivery', 'x-gitea-delivery', 'x-gitlab-event-uuid'];
  return names.map((name) => one(headers[name])).find((id) => id !== undefined && id !== '' && id.length <= 128);
}

export interface Push {
  repoURLs: string[];
  ref?: string;
  /** Whether it names a commit, so that no two pushes have the same text. */
  namesCommit: boolean;
}

/** The push in a payload of GitHub, Gitea, GitLab, or the plain form `{repoURL, ref, commit}`; undefined when it names no repository. */
export function readPush(payload: unknown): Push | undefined {
  const root = asRecord(payload);
  const repository = asRecord(root['repository']);
  const project = asRecord(root['project']);
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
  const namesCommit = ['after', 'checkout_sha', 'commit'].some((key) => isCommit(root[key]));
  return { repoURLs, namesCommit, ...(ref && { ref }) };
}

/** Constant time, whatever the lengths. */
function sameText(a: string, b: string): boolean {
  const digest = (value: string): Buffer => createHash('sha256').update(value).digest();
  return timingSafeEqual(digest(a), digest(b));
}

function one(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && value.length <= 2_048 ? value : undefined;
}

/** A commit id, but not the zeros that stand for a deleted branch. */
function isCommit(value: unknown): boolean {
  return typeof value === 'string' && /^[0-9a-f]{40,64}$/.test(value) && !/^0+$/.test(value);
}
