// Headers that a user may set on a request: none that frames the message, names another host, or is a key to metadata or impersonation.

export const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;
/** No control characters but tabs: a line end would begin another header. */
export const HEADER_VALUE = /^[\P{Cc}\t]*$/u;

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

/** In any case. */
export function isForbidden(key: string): boolean {
  const name = key.toLowerCase();
  return (
    FORBIDDEN_HEADERS.some((each) => each === name) || FORBIDDEN_HEADER_PREFIXES.some((each) => name.startsWith(each))
  );
}

/** Why a header may not be set, without its value; undefined where it may. */
export function headerProblem(key: string, value: string): string | undefined {
  if (!HEADER_NAME.test(key)) return 'the key is no name of a header: write one such as X-Scope-OrgID';
  if (isForbidden(key)) return `${key} may not be set: it is not for the metric store to read`;
  return HEADER_VALUE.test(value)
    ? undefined
    : `the value of ${key} has line ends or control characters: write it on one line`;
}
