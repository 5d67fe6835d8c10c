// The bench's own view of a cluster: plain JSON over a pool of connections, under a name of its own in the server's logs. It shares no
// cache, queue or retry with the controller that is measured.
import { setMaxListeners } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { Agent, type Dispatcher } from 'undici';
import { loadAccess, type ClusterAccess } from '../../src/kube/kubeconfig.ts';

export const USER_AGENT = 'sluice-bench';

/** A watch that broke begins anew after this long. */
const AGAIN_MS = 200;

const TYPES = {
  DELETE: 'application/json',
  POST: 'application/json',
  PUT: 'application/json',
  PATCH: 'application/merge-patch+json',
  APPLY: 'application/apply-patch+yaml',
  STRATEGIC: 'application/strategic-merge-patch+json',
};
type Method = 'GET' | keyof typeof TYPES;

export interface Meta {
  name: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  deletionTimestamp?: string;
  ownerReferences?: { kind: string; name: string }[];
}

export interface Item {
  metadata: Meta;
  [field: string]: unknown;
}

export type Change = 'ADDED' | 'MODIFIED' | 'DELETED';

/** The server's answer was not one of those that were expected. */
class CallError extends Error {
  readonly status: number;

  constructor(method: string, path: string, status: number, text: string) {
    super(`${method} ${path} answered ${status}: ${text.slice(0, 300)}`);
    this.status = status;
  }
}

export interface BenchClient {
  readonly access: ClusterAccess;
  /** Undefined where the answer's status is one of `absent`. */
  call<T = Item>(method: Method, path: string, body?: unknown, absent?: readonly number[]): Promise<T | undefined>;
  text(path: string): Promise<string>;
  /** Everything there is, then every change, until the returned function is called. Resolves once the list was told. */
  follow<T extends Item>(path: string, told: (object: T, change: Change) => void): Promise<() => void>;
  close(): Promise<void>;
}

export async function openClient(kubeconfig: string): Promise<BenchClient> {
  const access = await loadAccess({ kubeconfig });
  return new UndiciClient(access);
}

class UndiciClient implements BenchClient {
  readonly access: ClusterAccess;
  readonly #agent: Agent;
  readonly #closed = new AbortController();

  constructor(access: ClusterAccess) {
    setMaxListeners(0, this.#closed.signal); // one for each watch
    this.access = access;
    this.#agent = new Agent({ connections: 64, connect: { ...access.tls } });
  }

  async call<T>(method: Method, path: string, body?: unknown, absent: readonly number[] = []): Promise<T | undefined> {
    const answer = await this.#send(method, path, body);
    const text = await answer.body.text();
    if (absent.includes(answer.statusCode)) return undefined;
    if (answer.statusCode >= 400) throw new CallError(method, path, answer.statusCode, text);
    return JSON.parse(text) as T;
  }

  async text(path: string): Promise<string> {
    const answer = await this.#send('GET', path);
    const text = await answer.body.text();
    // Metrics that are refused would count as no writes at all.
    if (answer.statusCode >= 400) throw new CallError('GET', path, answer.statusCode, text);
    return text;
  }

  async follow<T extends Item>(path: string, told: (object: T, change: Change) => void): Promise<() => void> {
    const stop = new AbortController();
    const first = await this.#list(path, told);
    void this.#keepFollowing(path, told, first, AbortSignal.any([stop.signal, this.#closed.signal]));
    return () => stop.abort();
  }

  async close(): Promise<void> {
    this.#closed.abort();
    await this.#agent.destroy();
  }

  async #list<T extends Item>(path: string, told: (object: T, change: Change) => void): Promise<string> {
    const list = await this.call<{ metadata: Meta; items: T[] }>('GET', path);
    for (const item of list?.items ?? []) told(item, 'ADDED');
    return list?.metadata.resourceVersion ?? '';
  }

  /** A watch that ends begins anew from a list: what is told is a state, so telling it twice does no harm. */
  async #keepFollowing<T extends Item>(
    path: string,
    told: (object: T, change: Change) => void,
    from: string,
    signal: AbortSignal,
  ): Promise<void> {
    for (let version: string | undefined = from; !signal.aborted; version = undefined) {
      try {
        const since: string = version ?? (await this.#list(path, told));
        const answer = await this.#send('GET', `${path}?watch=1&resourceVersion=${since}`, undefined, signal);
        if (answer.statusCode >= 400) throw new Error(`${answer.statusCode} ${await answer.body.text()}`);
        for await (const { object, type } of changesOf<T>(answer.body)) told(object, type);
      } catch (error) {
        if (signal.aborted) return;
        console.error(`the watch of ${path} broke: ${String(error)}`);
        await pause(AGAIN_MS);
      }
    }
  }

  async #send(method: Method, path: string, body?: unknown, signal?: AbortSignal): Promise<Dispatcher.ResponseData> {
    const type: Record<string, string> = method in TYPES ? { 'content-type': TYPES[method as 'POST'] } : {};
    return this.#agent.request({
      origin: new URL(this.access.baseUrl).origin,
      path: new URL(this.access.baseUrl).pathname.replace(/\/$/, '') + path,
      method: method === 'APPLY' || method === 'STRATEGIC' ? 'PATCH' : method,
      headers: { 'user-agent': USER_AGENT, ...type, ...(await this.access.authHeaders()) },
      body: body === undefined ? null : JSON.stringify(body),
      ...(signal === undefined ? {} : { signal }),
      bodyTimeout: 0,
    });
  }
}

/** The events of a watch, until it ends or the server says that it cannot go on. */
async function* changesOf<T>(body: Dispatcher.ResponseData['body']): AsyncGenerator<{ type: Change; object: T }> {
  body.setEncoding('utf8');
  let rest = '';
  for await (const piece of body) {
    const lines = (rest + String(piece)).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines.filter(Boolean)) {
      const event = JSON.parse(line) as { type: Change | 'ERROR'; object: T };
      if (event.type === 'ERROR') return;
      yield { type: event.type, object: event.object };
    }
  }
}
