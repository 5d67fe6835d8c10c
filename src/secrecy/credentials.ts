// What looks like a credential, whoever knows it: in URLs, Authorization values and query parameters.
/** The name alone before the host of an SSH URL is none. */
const URL_CREDENTIALS = /\b(?!ssh:\/\/[\w.%+-]*@)([a-z][a-z0-9+.-]*:\/\/)[^\s/?#@]*(?::[^\s/?#]*)?@/gi;
/** A word, such as `Basic authentication`, is none. */
const AUTHORIZATION = /\b(Bearer|Basic)\s+(?=[a-z+/._~-]*[A-Z0-9=])[A-Za-z0-9+/=._~-]{8,}/g;
const QUERY_SECRET = /([?&](?:access_token|private_token|token|password|secret|api_key|apikey)=)[^&#\s"]+/gi;

/** The text without them. */
export function withoutCredentials(text: string): string {
  return text.replace(URL_CREDENTIALS, '$1***@').replace(AUTHORIZATION, '$1 ***').replace(QUERY_SECRET, '$1***');
}
