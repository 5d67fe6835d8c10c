// HTTP as a dependency: requests reach the API server through it, over a socket or straight in.

export interface HttpRequest {
  method: string;
  /** Path and query, beginning with `/`. */
  path: string;
  headers?: Record<string, string>;
  body?: string;
  signal?: AbortSignal;
  /** Limit for the answer's headers, and for the whole body unless `stream`. Default 30 s. */
  timeoutMs?: number;
  /** The body is read piece by piece and may stay open for long (a watch). */
  stream?: boolean;
  /** Goes before all requests that are not urgent. A transport without a queue may ignore it. */
  urgent?: boolean;
}

export interface HttpResponse {
  status: number;
  /** Names in lower case. */
  headers: Record<string, string>;
  /** The pieces of the body in order; breaking off the iteration ends the exchange. */
  body: AsyncIterable<string>;
}

export interface Transport {
  /** Rejects when no answer came (refused, reset, timed out, aborted); any HTTP status is an answer. */
  request(request: HttpRequest): Promise<HttpResponse>;
  /** Ends open exchanges and connections. */
  close(): Promise<void>;
}
