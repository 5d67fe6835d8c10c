// What a forge has to be: requests as values, and how their answers are read. Pure; forge.ts sends them.
import type { z } from 'zod';
import type { Branches, PullRequest, PullRequestText } from '../ports/forge.ts';
import type { OutboundRequest } from '../ports/http.ts';
import type { HttpCredentials } from '../ports/source-reader.ts';

/** Where a repository is at its forge. */
export interface Place {
  /** URL that requests about the repository begin with. */
  api: string;
  /** URL that its pages begin with. */
  web: string;
  /** Path of the repository, `owner/name`. */
  path: string;
}

/** One request, and what its answer has to look like. */
export interface ForgeCall<T> {
  method: OutboundRequest['method'];
  url: string;
  /** Sent as JSON. */
  body?: unknown;
  answer: z.ZodType<T>;
}

/** How a pull request is had merged. */
export interface Merging {
  /** Why it is not asked for yet. */
  waits?: string | undefined;
  /** Tells what it waits for, where that takes another look. */
  check?: ForgeCall<string | undefined>;
  /** In order: the next is tried where the forge does not allow one. */
  calls: ForgeCall<unknown>[];
}

export interface Seen extends PullRequest {
  merging: Merging;
}

export interface ForgeApi {
  /** Rights that a token needs, in the forge's words. */
  needs: string;
  /** What URLs of its repositories look like. */
  shape: string;
  /** Longest text of a pull request, in characters. */
  maxBody: number;
  headers: Readonly<Record<string, string>>;
  /** The `Authorization` header. */
  authorization(credentials: HttpCredentials): string;
  /** Undefined for a URL that is none of its repositories'. */
  placeOf(repository: URL): Place | undefined;
  /** Newest first. */
  find(at: Place, branches: Branches): ForgeCall<PullRequest[]>;
  look(at: Place, id: string): ForgeCall<Seen>;
  open(at: Place, proposal: Branches & PullRequestText): ForgeCall<PullRequest>;
  revise(at: Place, id: string, text: PullRequestText): ForgeCall<PullRequest>;
  close(at: Place, id: string): ForgeCall<unknown>;
  comment(at: Place, id: string, text: string): ForgeCall<unknown>;
}
