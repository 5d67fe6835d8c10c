// Requests to what users name: metric stores, forges and the like. Each has a deadline, a limit on its answer, a list of hosts it may go to, and
// errors that hold no credentials. (The API server has `transport`, repositories have `source-reader`.)
import type { EgressUse, SecretOrigin } from './egress.ts';

export interface OutboundRequest {
  /** On whose behalf: each use has its own list of hosts. */
  use: EgressUse;
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** http or https, without credentials. */
  url: URL;
  headers?: Readonly<Record<string, string>>;
  body?: string;
  /** The Secrets whose values are in the request: it is sent only where all of them may go. */
  secrets?: readonly SecretOrigin[];
  /** From the call to the last byte of the answer. */
  deadlineMs: number;
  /** Of the answer's body. */
  maxBytes: number;
  /** Does not verify the server's certificate. */
  insecure?: boolean;
  signal?: AbortSignal;
  /** Takes secrets out of the text of an error. */
  clean?: (text: string) => string;
}

export interface OutboundResponse {
  status: number;
  /** Names in lower case. */
  headers: Readonly<Record<string, string>>;
  body: string;
}

/**
 * - `refused`: the operator's word, or the Secret's, does not allow it; nothing was sent.
 * - `unreachable`: no answer came; the message is a code such as `ECONNREFUSED`.
 * - `late`: none within the deadline. `aborted`: the caller gave up. `too-large`: the answer goes beyond its limit.
 */
export type HttpFailureKind = 'refused' | 'unreachable' | 'late' | 'aborted' | 'too-large';

/** There is no answer. Holds neither the request nor a cause: both have credentials. */
export class HttpFailure extends Error {
  override readonly name = 'HttpFailure';
  readonly kind: HttpFailureKind;

  constructor(kind: HttpFailureKind, message: string) {
    super(message);
    this.kind = kind;
  }
}

export interface Http {
  /** Throws `HttpFailure` (`refused`) where the request may not be sent, as far as its text says: worth asking before Secrets are read. */
  check(request: Pick<OutboundRequest, 'use' | 'url' | 'secrets'>): void;
  /** Any status is an answer, redirects too: they are not followed. Rejects with `HttpFailure` alone. */
  request(request: OutboundRequest): Promise<OutboundResponse>;
}
