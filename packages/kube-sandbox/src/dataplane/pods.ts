// The pods' own servers: each running pod of the store answers requests, over a socket of its own or in process. How it behaves is read
// from what is declared, once per start of its container; its annotations act at once.
import { setMaxListeners } from 'node:events';
import { Pool } from 'undici';
import type { KubeObject } from '../objects.ts';
import { delay, type Clock } from '../clock.ts';
import type { ObjectStore } from '../apiserver/store.ts';
import { containerEnv } from './container-env.ts';
import { serveHttp, type HttpServer } from './http-server.ts';
import { behaviourOf, type Behaviour } from './pod-behaviour.ts';
import { identityOf, isRunning, startsOf, type PodIdentity } from './pod-identity.ts';
import type { Random } from '../random.ts';

export interface PodRequest {
  method: string;
  /** Path and query. */
  path: string;
  headers: Record<string, string>;
  body?: Buffer;
}

export interface PodAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** Nothing listens there: the pod is gone, or its container has not started. The request was not sent. */
export class PodGone extends Error {
  override readonly name = 'PodGone';
}

export interface PodServersOptions {
  store: ObjectStore;
  clock: Clock;
  random: Random;
  /** `real`: an HTTP server per pod on a free loopback port. `virtual`: a function call. */
  mode: 'real' | 'virtual';
}

export interface PodServers {
  /** Sends a request to the pod with this uid. Rejects with PodGone, or with the socket's error. */
  send(uid: string, request: PodRequest): Promise<PodAnswer>;
  /** Where the pod listens; undefined in virtual mode, and for a pod that does not run. */
  url(uid: string): Promise<string | undefined>;
  /** Why containers cannot start, one line each. */
  problems(): string[];
  /** Answers what is under way, latency or not, and ends every server. */
  close(): Promise<void>;
}

interface Running {
  identity: PodIdentity;
  starts: number;
  /** Undefined as long as the container cannot start. */
  env: ReadonlyMap<string, string> | undefined;
  problem: string;
  behaviour: Behaviour;
  pod: KubeObject;
  socket: Promise<Socket> | undefined;
}

interface Socket {
  server: HttpServer;
  client: Pool;
}

const POD = { group: '', kind: 'Pod' };
const CONNECTIONS = 64;

class Servers implements PodServers {
  readonly #options: PodServersOptions;
  readonly #running = new Map<string, Running>();
  readonly #ends: (() => void)[] = [];
  readonly #closing = new Set<Promise<void>>();
  /** Cuts the latency of requests under way short when everything ends. */
  readonly #ending = new AbortController();

  constructor(options: PodServersOptions) {
    this.#options = options;
    const { store } = options;
    setMaxListeners(0, this.#ending.signal);
    for (const pod of store.list(POD)) this.#see(pod);
    this.#ends.push(
      store.subscribe(POD, ({ type, object }) => (type === 'DELETED' ? this.#end(object) : this.#see(object))),
    );
    for (const kind of ['ConfigMap', 'Secret'])
      this.#ends.push(store.subscribe({ group: '', kind }, () => this.#retry()));
  }

  async send(uid: string, request: PodRequest): Promise<PodAnswer> {
    const running = this.#running.get(uid);
    if (running?.env === undefined) throw new PodGone(`no server runs for pod ${uid}`);
    if (running.socket === undefined) return this.#answer(running);
    return overSocket(await running.socket, request);
  }

  async url(uid: string): Promise<string | undefined> {
    return (await this.#running.get(uid)?.socket)?.server.url;
  }

  problems(): string[] {
    const stuck = [...this.#running.values()].filter((running) => running.env === undefined);
    return stuck.map(({ identity, problem }) => `pod ${identity.namespace}/${identity.name}: ${problem}`);
  }

  async close(): Promise<void> {
    for (const end of this.#ends.splice(0)) end();
    this.#ending.abort();
    for (const { pod } of Array.from(this.#running.values())) this.#end(pod);
    await Promise.all(this.#closing);
  }

  #see(pod: KubeObject): void {
    if (!isRunning(pod)) return this.#end(pod);
    const { uid } = identityOf(pod);
    const known = this.#running.get(uid);
    if (known === undefined || known.starts !== startsOf(pod)) return this.#start(pod, known);
    known.pod = pod;
    if (known.env !== undefined) known.behaviour = behaviourOf(known.env, pod);
  }

  #start(pod: KubeObject, before?: Running): void {
    const { store } = this.#options;
    const identity = identityOf(pod);
    const env = containerEnv(pod, (kind, name) => store.get({ group: '', kind }, name, identity.namespace));
    const running: Running = {
      identity,
      pod,
      starts: startsOf(pod),
      env: env.ok ? env.value : undefined,
      problem: env.ok ? '' : env.error,
      behaviour: behaviourOf(env.ok ? env.value : new Map(), pod),
      socket: undefined,
    };
    if (before !== undefined) this.#closeSocket(before);
    if (env.ok && this.#options.mode === 'real') {
      running.socket = openSocket(() => this.#answer(running));
      // Whoever sends a request meets the error; until then it must not end the process.
      running.socket.catch(() => undefined);
    }
    this.#running.set(identity.uid, running);
  }

  /** A container that waits for its config starts once that is there. */
  #retry(): void {
    for (const running of Array.from(this.#running.values()))
      if (running.env === undefined) this.#start(running.pod, running);
  }

  #end(pod: KubeObject): void {
    const { uid } = identityOf(pod);
    const running = this.#running.get(uid);
    if (running === undefined) return;
    this.#running.delete(uid);
    this.#closeSocket(running);
  }

  #closeSocket(running: Running): void {
    if (running.socket === undefined) return;
    const closing = closeSocket(running.socket).finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }

  async #answer(running: Running): Promise<PodAnswer> {
    const { clock, random } = this.#options;
    const { behaviour } = running;
    const isBad = behaviour.problem !== undefined || (behaviour.errorRate > 0 && random() < behaviour.errorRate);
    const jitter = behaviour.jitterMs > 0 ? random() * behaviour.jitterMs : 0;
    const wait = behaviour.latencyMs + jitter;
    if (wait > 0) await delay(clock, wait, this.#ending.signal);
    return answerOf(running, isBad ? (behaviour.problem ?? 'this request failed, as the error rate asks') : undefined);
  }
}

function answerOf({ identity, env }: Running, error: string | undefined): PodAnswer {
  const { name, version, podHash } = identity;
  const greeting = env?.get('GREETING') ?? '';
  const content = { pod: name, version, podHash, greeting, ...(error === undefined ? {} : { error }) };
  return {
    status: error === undefined ? 200 : 500,
    headers: { 'content-type': 'application/json', 'x-pod': name, 'x-version': version, 'x-pod-hash': podHash },
    body: JSON.stringify(content),
  };
}

async function openSocket(answer: () => Promise<PodAnswer>): Promise<Socket> {
  const server = await serveHttp((request, response) => {
    request.resume();
    void answer().then(({ status, headers, body }) => {
      response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
      response.end(body);
    });
  });
  return { server, client: new Pool(server.url, { connections: CONNECTIONS }) };
}

async function closeSocket(opening: Promise<Socket>): Promise<void> {
  const open = await opening.catch(() => undefined);
  if (open === undefined) return;
  const { server, client } = open;
  await client.close();
  await server.close();
}

async function overSocket({ client }: Socket, request: PodRequest): Promise<PodAnswer> {
  if (client.closed) throw new PodGone('the pod has ended');
  const { method, path, headers, body } = request;
  const answer = await client.request({
    method: method as 'GET',
    path,
    headers,
    ...(body === undefined ? {} : { body }),
  });
  const text = await answer.body.text();
  return { status: answer.statusCode, headers: flat(answer.headers), body: text };
}

const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'transfer-encoding', 'content-length', 'date']);

function flat(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !HOP_BY_HOP.has(name)) kept[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return kept;
}

/** Serves every running pod of the store, now and later; call `close` at the end. */
export function createPodServers(options: PodServersOptions): PodServers {
  return new Servers(options);
}
