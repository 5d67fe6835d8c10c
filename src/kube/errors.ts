// What can go wrong with a call to the API server: it refused (ApiError), or no whole answer came (ConnectionError).

export interface StatusCause {
  reason?: string;
  message?: string;
  field?: string;
}

export interface ApiErrorDetails {
  status: number;
  reason: string;
  message: string;
  causes?: StatusCause[] | undefined;
  retryAfterMs?: number | undefined;
}

/** The API server's refusal. `reason` is its machine-readable word, for example `Conflict`, `Invalid`, `AlreadyExists`. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly reason: string;
  /** For `Invalid`: which fields, and what is wrong with each. */
  readonly causes: readonly StatusCause[];
  /** How long the server asks to wait, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(details: ApiErrorDetails) {
    super(details.message);
    this.status = details.status;
    this.reason = details.reason;
    this.causes = details.causes ?? [];
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** No whole answer came: refused, reset, timed out. A write may or may not have taken effect. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
}

const REASONS: Record<number, string> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  406: 'NotAcceptable',
  409: 'Conflict',
  410: 'Gone',
  413: 'RequestEntityTooLarge',
  415: 'UnsupportedMediaType',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

interface StatusBody {
  message?: string;
  reason?: string;
  code?: number;
  details?: { causes?: StatusCause[]; retryAfterSeconds?: number };
}

/** Others are an admission webhook's own words, which are no name for a condition or a metric. */
const KNOWN = new Set([
  ...Object.values(REASONS),
  'AlreadyExists',
  'Expired',
  'ServerTimeout',
  'StoreReadError',
  'UnsupportedMediaType',
]);

const reasonOf = (said: string | undefined, status: number): string =>
  said !== undefined && KNOWN.has(said) ? said : (REASONS[status] ?? 'Unknown');

/** The error in a Status object: the body of a refusal, or the object of an ERROR event in a watch. */
export function errorFromStatus(body: StatusBody, fallbackStatus = 500): ApiError {
  const status = body.code ?? fallbackStatus;
  const seconds = body.details?.retryAfterSeconds;
  return new ApiError({
    status,
    reason: reasonOf(body.reason, status),
    message: body.message || `the API server answered ${status}`,
    causes: body.details?.causes,
    retryAfterMs: seconds ? seconds * 1000 : undefined,
  });
}

/** The error in an HTTP answer of 400 or more. Bodies that are not a Status (plain text of proxies and of flow control) do as well. */
export function errorFromResponse(status: number, headers: Record<string, string>, body: string): ApiError {
  const parsed = parseStatus(body);
  const error = errorFromStatus(
    parsed ? { ...parsed, code: status } : { code: status, message: plainMessage(status, body) },
  );
  const retryAfterMs = error.retryAfterMs ?? retryAfter(headers);
  return new ApiError({
    status,
    reason: error.reason,
    message: error.message,
    causes: [...error.causes],
    retryAfterMs,
  });
}

/** The Retry-After header in milliseconds (seconds form only, as Kubernetes sends it), or undefined. */
export function retryAfter(headers: Record<string, string>): number | undefined {
  const value = headers['retry-after'];
  return value !== undefined && /^\d+$/.test(value) ? Number(value) * 1000 : undefined;
}

function parseStatus(body: string): StatusBody | undefined {
  try {
    const value: unknown = JSON.parse(body);
    const isStatus = typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'Status';
    return isStatus ? (value as StatusBody) : undefined;
  } catch {
    return undefined;
  }
}

function plainMessage(status: number, body: string): string {
  const whole = body.trim();
  // A word that is cut through is left out: it may be a secret, which half of is not known.
  const text = whole.length > 300 ? whole.slice(0, 300).replace(/\S*$/, '…') : whole;
  return `the API server answered ${status}${text === '' ? '' : `: ${text}`}`;
}

/** There is no such object, or no such kind. */
export function isNotFound(error: unknown): error is ApiError {
  return error instanceof ApiError && error.status === 404;
}

/** Somebody wrote first, or a precondition does not hold. An existing name (AlreadyExists) is not meant. */
export function isConflict(error: unknown): error is ApiError {
  return error instanceof ApiError && error.status === 409 && error.reason !== 'AlreadyExists';
}

/** An object of that name is there already. */
export function isAlreadyExists(error: unknown): error is ApiError {
  return error instanceof ApiError && error.status === 409 && error.reason === 'AlreadyExists';
}

/** A JSON patch's test found something else than was planned for, or the object would not be valid. */
export function isUnprocessable(error: unknown): error is ApiError {
  return error instanceof ApiError && error.status === 422;
}

/** The list or watch must begin anew: its resourceVersion or page token is too old. */
export function isExpired(error: unknown): error is ApiError {
  return error instanceof ApiError && (error.status === 410 || error.reason === 'Expired');
}

/**
 * What is sent does not fit its schema. For an apply the API server says that with 500 and without a reason
 * (apiserver/pkg/endpoints/handlers/fieldmanager: `failed to create typed patch object`, `failed to convert new object`), as for etcd's
 * `request is too large`.
 */
const MALFORMED =
  /^(failed to create typed patch object|failed to convert new object|etcdserver: request is too large)/;

/** The same will be refused again, however often: 4xx, and what does not fit though the answer is 500. */
export const isRefusal = (error: unknown): error is ApiError =>
  error instanceof ApiError && error.status !== 429 && (error.status < 500 || MALFORMED.test(error.message));

/** Worth trying again unchanged: throttled, a server error, or the network. */
export const isTransient = (error: unknown): boolean =>
  error instanceof ConnectionError || (error instanceof ApiError && !isRefusal(error));
