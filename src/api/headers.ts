// Headers that a user may set on a request: none that frames the message, names another host, or is a key to metadata or impersonation.

const TOKEN = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,256}$/;
/** Line ends would begin another header. */
const CONTROL = /[^\P{Cc}\t]/u;

/** In lower case. */
export const FORBIDDEN_HEADERS = [
  'host',
  'content-length',
  'content-encoding',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'upgrade',
  'te',
  'trailer',
  'expect',
  'http2-settings',
  'forwarded',
  'metadata',
  'metadata-flavor',
  'x-http-method-override',
  'x-method-override',
] as const;

/** Beginnings of names, in lower case. */
export const FORBIDDEN_HEADER_PREFIXES = [
  'proxy-',
  'x-aws-ec2-metadata-',
  'x-google-metadata-',
  'x-forwarded-',
  'x-remote-',
  'impersonate-',
] as const;

/** Why a header may not be set, without its value; undefined where it may. */
export function headerProblem(key: string, value: string): string | undefined {
  if (!TOKEN.test(key)) return 'the key is no name of a header: write one such as X-Scope-OrgID';
  const name = key.toLowerCase();
  const forbidden =
    FORBIDDEN_HEADERS.some((each) => each === name) || FORBIDDEN_HEADER_PREFIXES.some((each) => name.startsWith(each));
  if (forbidden) return `${key} may not be set: it is not for the metric store to read`;
  return CONTROL.test(value)
    ? `the value of ${key} has line ends or control characters: write it on one line`
    : undefined;
}
