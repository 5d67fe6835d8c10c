// Forges: what keeps repositories and takes pull requests. On well-known hosts a URL says which one it is.

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
  if (named !== undefined || !URL.canParse(repoURL)) return named;
  const { hostname } = new URL(repoURL);
  return HOSTS.find(([host]) => host.test(hostname))?.[1];
}
