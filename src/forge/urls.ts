// Parts of a repository's URL, and of what is asked about it.
import type { HttpCredentials } from '../ports/source-reader.ts';

/** The path in its parts, decoded and without `.git`; undefined where it cannot be decoded. */
export function partsOf(repository: URL): string[] | undefined {
  const path = repository.pathname.replace(/\/+$/, '').replace(/\.git$/, '');
  try {
    return path
      .split('/')
      .filter((part) => part !== '')
      .map((part) => decodeURIComponent(part));
  } catch {
    return undefined;
  }
}

/** Parts as a path. */
export const pathOf = (parts: readonly string[]): string => parts.map((part) => encodeURIComponent(part)).join('/');

/** A URL with a query of these. */
export const withQuery = (url: string, query: Readonly<Record<string, string>>): string =>
  `${url}?${new URLSearchParams(query).toString()}`;

/** The token, whichever way the Secret holds it. */
export const tokenOf = (credentials: HttpCredentials): string =>
  'bearerToken' in credentials ? credentials.bearerToken : credentials.password;
