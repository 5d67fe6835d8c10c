// What `repoURL` may be: a URL over http, https or ssh, or `user@host:path` as scp writes it; and which of them name one repository.

/** Where a repository is reached over SSH. */
export interface SshPlace {
  user: string;
  /** In one spelling: lower case, addresses as WHATWG's URLs write them, without brackets. */
  host: string;
  port: number;
  /** As the server is asked for it: `shop.git` is below the user's home, `/srv/shop.git` is not. */
  path: string;
}

const USER = '[A-Za-z0-9_][A-Za-z0-9_.%+-]*';
const HOST = '(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\\[[0-9A-Fa-f:.]+\\])';
const PORT = '(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])';
/** No control character, however it is written. */
const CHARACTER = '(?:[A-Za-z0-9._~+@,:=/-]|%[2-9A-Fa-f][0-9A-Fa-f])';

/** Of both forms, for a rule in CEL as well. */
export const SSH_PATTERN = `^(?:ssh://(?:${USER}@)?${HOST}(?::${PORT})?/${CHARACTER}+|${USER}@${HOST}:[A-Za-z0-9._~/][A-Za-z0-9._~+@,:=/-]*)$`;

const FORM = new RegExp(SSH_PATTERN);
const URL_FORM = new RegExp(`^ssh://(?:(${USER})@)?(${HOST})(?::(${PORT}))?(/${CHARACTER}+)$`);
const SCP_FORM = new RegExp(`^(${USER})@(${HOST}):(.+)$`);
const DEFAULT_USER = 'git';
const DEFAULT_PORT = 22;

/** Undefined for what is no repository over SSH. */
export function sshPlace(repoURL: string): SshPlace | undefined {
  if (!FORM.test(repoURL)) return undefined;
  const [, user, written = '', port, path = ''] = URL_FORM.exec(repoURL) ?? [];
  if (path !== '') return placeOf({ user: decoded(user), written, port, path: homeward(decoded(path)) });
  const [, login, host = '', from] = SCP_FORM.exec(repoURL) ?? [];
  return placeOf({ user: login, written: host, port: undefined, path: from });
}

interface Parts {
  user: string | undefined;
  written: string;
  port: string | undefined;
  path: string | undefined;
}

function placeOf({ user = DEFAULT_USER, written, port, path }: Parts): SshPlace | undefined {
  if (path === undefined || !URL.canParse(`http://${written}`)) return undefined;
  const host = new URL(`http://${written}`).hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.+$/, '');
  return { user, host, port: port === undefined ? DEFAULT_PORT : Number(port), path };
}

/** `/~ada/shop.git` is below a home, as Git reads it. */
const homeward = (path: string | undefined): string | undefined => path?.replace(/^\/~/, '~');

function decoded(text: string | undefined): string | undefined {
  try {
    return text === undefined ? undefined : decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** As a URL, whichever way it is written: where requests go. Undefined for what is none over http, https or ssh. */
export function repositoryUrl(repoURL: string): URL | undefined {
  const place = sshPlace(repoURL);
  if (place !== undefined) {
    const host = place.host.includes(':') ? `[${place.host}]` : place.host;
    const port = place.port === DEFAULT_PORT ? '' : `:${place.port}`;
    const path = place.path.replace(/^\/*/, '/').split('/').map(encodeURIComponent).join('/');
    return new URL(`ssh://${encodeURIComponent(place.user)}@${host}${port}${path}`);
  }
  if (!/^https?:\/\//i.test(repoURL) || !URL.canParse(repoURL)) return undefined;
  return new URL(repoURL);
}

/** Hosts that serve over SSH what another host shows. */
const SHOWN_AT: Readonly<Record<string, string>> = {
  'ssh.github.com': 'github.com',
  'altssh.gitlab.com': 'gitlab.com',
  'altssh.bitbucket.org': 'bitbucket.org',
  'ssh.dev.azure.com': 'dev.azure.com',
  'vs-ssh.visualstudio.com': 'dev.azure.com',
};
/** Azure DevOps over SSH: `v3/ORGANISATION/PROJECT/REPOSITORY`. */
const AZURE = /^\/v3\/([^/]+)\/([^/]+)\/([^/]+)$/;

/** Where a browser and the forge's API find it: the URL itself, or for one over SSH https at its host. */
export function webUrl(repoURL: string): URL | undefined {
  const url = repositoryUrl(repoURL);
  if (url?.protocol !== 'ssh:') return url;
  const host = SHOWN_AT[url.hostname] ?? url.hostname;
  const path = host === 'dev.azure.com' ? url.pathname.replace(AZURE, '/$1/$2/_git/$3') : url.pathname;
  return new URL(`https://${host}${path}`);
}

/** Spellings of one repository. Between SSH and HTTP ports say nothing, and neither does the user's name. */
export function isSameRepository(a: string, b: string): boolean {
  const [one, other] = [repositoryUrl(a), repositoryUrl(b)];
  if (one === undefined || other === undefined) return a === b;
  if (one.protocol === other.protocol || (one.protocol !== 'ssh:' && other.protocol !== 'ssh:'))
    return `${one.protocol}${one.host}${pathOf(one)}` === `${other.protocol}${other.host}${pathOf(other)}`;
  const [shown, otherShown] = [webUrl(a), webUrl(b)];
  return shown?.hostname === otherShown?.hostname && pathOf(shown) === pathOf(otherShown);
}

const pathOf = (url: URL | undefined): string | undefined => url?.pathname.replace(/\/+$/, '').replace(/\.git$/, '');
