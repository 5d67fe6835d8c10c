// Answers of a forge that are no success, told so that a person can act on them. Pure.
import type { ForgeFailure, ForgeRepository } from '../ports/forge.ts';
import type { HttpFailure, OutboundResponse } from '../ports/http.ts';
import type { ForgeApi } from './types.ts';

export interface Asked {
  repository: Pick<ForgeRepository, 'forge' | 'repoURL'>;
  api: Pick<ForgeApi, 'needs'>;
  /** Host that was asked. */
  host: string;
  /** Milliseconds since the epoch. */
  now: number;
}

const MAX_SAID = 300;
const MAX_WAIT_MS = 3_600_000;
/** Where a forge asks to wait, and does not say how long. */
const SOME_WAIT_MS = 60_000;

/** What a status other than a success means. */
export function failureOf(response: OutboundResponse, asked: Asked): ForgeFailure {
  const { status } = response;
  const { forge, repoURL } = asked.repository;
  const who = `${forge} at ${asked.host}`;
  const needs = `it takes ${asked.api.needs}`;
  const words = said(response);
  if (status >= 300 && status < 400)
    return failed(
      'NotFound',
      `${who} redirects${aim(response)}, which is not followed: write the present URL into spec.source.repoURL`,
    );
  if (status === 429 || (status === 403 && isLimited(response))) {
    const retryAfterMs = waitOf(response, asked.now);
    return { ...failed('RateLimited', `${who} answers no more requests for now (${status})${words}`), retryAfterMs };
  }
  if (status === 401)
    return failed(
      'AuthFailed',
      `${who} does not accept the credentials of spec.source.secretRef (401)${words}: ${needs}`,
    );
  if (status === 403) return failed('Forbidden', `${who} does not allow it (403)${words}: ${needs}`);
  if (status === 404)
    return failed('NotFound', `${who} does not know ${repoURL}, or does not show it to this token (404): ${needs}`);
  if (status >= 500)
    return { ...failed('Unreachable', `${who} failed (${status})${words}`), ...ifSaid(response, asked.now) };
  return failed('Refused', `${who} refused it (${status})${words}`);
}

/** There was no answer. */
export function unanswered({ kind, message }: HttpFailure, { repository, host }: Asked): ForgeFailure {
  const reason = kind === 'refused' ? 'Forbidden' : 'Unreachable';
  return failed(reason, `${repository.forge} at ${host} could not be asked: ${message}`);
}

/** A success that does not say what it has to. */
export function unreadable(response: OutboundResponse, { repository, api, host }: Asked): ForgeFailure {
  const { forge } = repository;
  if (!isHtml(response)) return failed('Unreachable', `${forge} at ${host} answered in a form that is not known`);
  return failed(
    'AuthFailed',
    `${forge} at ${host} answered with a web page: it wants a login, which takes ${api.needs}, or is no ${forge} (spec.writeBack.forge)`,
  );
}

const failed = (reason: ForgeFailure['reason'], message: string): ForgeFailure => ({ reason, message });

const isHtml = ({ headers, body }: OutboundResponse): boolean =>
  (headers['content-type'] ?? '').includes('html') || body.trimStart().startsWith('<');

/** GitHub answers so, with either of these. */
const isLimited = ({ headers, body }: OutboundResponse): boolean =>
  headers['x-ratelimit-remaining'] === '0' || headers['retry-after'] !== undefined || /rate limit/i.test(body);

function aim({ headers }: OutboundResponse): string {
  const { location } = headers;
  return location !== undefined && URL.canParse(location) ? ` to ${new URL(location).host}` : '';
}

function ifSaid(response: OutboundResponse, now: number): Pick<ForgeFailure, 'retryAfterMs'> {
  return response.headers['retry-after'] === undefined ? {} : { retryAfterMs: waitOf(response, now) };
}

/** By `Retry-After`, in seconds or as a date, or when GitHub's count begins anew. */
function waitOf({ headers }: OutboundResponse, now: number): number {
  const after = headers['retry-after'];
  const reset = Number(headers['x-ratelimit-reset'] ?? 'NaN') * 1000 - now;
  const wait = after === undefined ? reset : /^\d+$/.test(after) ? Number(after) * 1000 : Date.parse(after) - now;
  return Number.isFinite(wait) ? Math.min(Math.max(wait, 1_000), MAX_WAIT_MS) : SOME_WAIT_MS;
}

/** The forge's own words, on one line. */
function said(response: OutboundResponse): string {
  if (isHtml(response)) return '';
  const words = wordsIn(parsed(response.body)).join('; ').replaceAll(/\s+/g, ' ').trim();
  return words === '' ? '' : `, saying "${words.length > MAX_SAID ? `${words.slice(0, MAX_SAID)}…` : words}"`;
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined;
  }
}

const KEYS = ['message', 'error', 'error_description', 'errors', 'detail'] as const;

function wordsIn(value: unknown, depth = 0): string[] {
  if (typeof value === 'string') return [value];
  if (depth > 3 || typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value)) return value.flatMap((item) => wordsIn(item, depth + 1));
  return KEYS.flatMap((key) => (key in value ? wordsIn((value as Record<string, unknown>)[key], depth + 1) : []));
}
