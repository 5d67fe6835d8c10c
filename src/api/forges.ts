// Forges: what keeps repositories and takes pull requests. On well-known hosts a URL says which one it is.
import { webUrl } from './repository-url.ts';

export const FORGES = ['GitHub', 'GitLab', 'Gitea', 'Bitbucket', 'AzureDevOps'] as const;
export type ForgeName = (typeof FORGES)[number];

const HOSTS: readonly [host: RegExp, forge: ForgeName][] = [
  [/^github\.com$/, 'GitHub'],
  [/^gitlab\.com$/, 'GitLab'],
  [/^codeberg\.org$/, 'Gitea'],
  [/^bitbucket\.org$/, 'Bitbucket'],
  [/^(dev\.azure\.com|[^.]+\.visualstudio\.com)$/, 'AzureDevOps'],
];

/** The forge of a repository: as it was named, else by its host; undefined where neither tells. */
export function forgeOf(repoURL: string, named: ForgeName | undefined): ForgeName | undefined {
  const hostname = webUrl(repoURL)?.hostname;
  if (named !== undefined || hostname === undefined) return named;
  return HOSTS.find(([host]) => host.test(hostname))?.[1];
}
