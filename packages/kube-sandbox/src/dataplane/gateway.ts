// The way into the mesh: takes a request, finds its rule and destination in the store's routes, has a pod answer it, and counts it.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../clock.ts';
import type { ObjectStore } from '../apiserver/store.ts';
import { BodyTooLong, readBody, serveHttp, type HttpServer } from './http-server.ts';
import { Mesh } from './mesh.ts';
import type { PodIdentity } from './pod-identity.ts';
import { PodGone, type PodAnswer, type PodServers } from './pods.ts';
import { pick, type Destination, type MeshRequest, type Rule } from './route.ts';
import type { Random } from '../random.ts';
import { createTelemetry, type Telemetry } from './telemetry.ts';

export interface GatewayOptions {
  store: ObjectStore;
  clock: Clock;
  random: Random;
  pods: PodServers;
  /** Milliseconds from a change in the store to requests going by it. Default 0: as soon as it is announced. */
  propagationMs?: number;
  /** Where a bare host name is looked for first. Default `default`. */
  namespace?: string;
  /** Default: counters of its own. */
  telemetry?: Telemetry;
}

export interface GatewayRequest extends MeshRequest {
  body?: Buffer;
}

export interface GatewayAnswer {
  status: number;
  /** The Service the request was sent to; empty when no route led to one. */
  destination: string;
  namespace: string;
  /** The pod that answered and its revision; empty when none did. */
  pod: string;
  podHash: string;
  version: string;
  /** Envoy's response flags, `-` for an answer from a pod. */
  flags: string;
  headers: Record<string, string>;
  body: string;
}

export interface Gateway {
  /** Never rejects: what goes wrong has a status and flags. */
  send(request: GatewayRequest): Promise<GatewayAnswer>;
  /** Serves the mesh on a loopback port (default a free one): the Host header decides where a request goes. */
  listen(where?: { host?: string; port?: number }): Promise<HttpServer>;
  readonly telemetry: Telemetry;
  /** Ends watching, and every server that `listen` opened. */
  close(): Promise<void>;
}

/** As many pods are tried in all when nothing listens at one: a mesh's retries by default. */
const ATTEMPTS = 3;

class MeshGateway implements Gateway {
  readonly telemetry: Telemetry;
  readonly #options: GatewayOptions;
  readonly #mesh: Mesh;
  readonly #servers: HttpServer[] = [];

  constructor(options: GatewayOptions) {
    const { store, clock, propagationMs = 0, namespace = 'default' } = options;
    this.#options = options;
    this.#mesh = new Mesh({ store, clock, propagationMs, namespace });
    this.telemetry = options.telemetry ?? createTelemetry();
  }

  async send(request: GatewayRequest): Promise<GatewayAnswer> {
    const { clock } = this.#options;
    const start = clock.now();
    const carried = await this.#carry(request);
    const { destination, pod, answer, flags } = carried;
    const { service = '', namespace = '' } = destination ?? {};
    const { workload = '', version = '', podHash = '', name = '' } = pod ?? {};
    const { status } = answer;
    const durationMs = clock.now() - start;
    this.telemetry.record({ service, namespace, workload, version, podHash, status, flags, durationMs });
    return { ...answer, destination: service, namespace, pod: name, podHash, version, flags };
  }

  async listen(where: { host?: string; port?: number } = {}): Promise<HttpServer> {
    const server = await serveHttp((request, response) => void this.#serve(request, response), where);
    this.#servers.push(server);
    return server;
  }

  async close(): Promise<void> {
    this.#mesh.close();
    await Promise.all(this.#servers.splice(0).map((server) => server.close()));
  }

  #carry(request: GatewayRequest): Promise<Carried> | Carried {
    const rule = this.#mesh.routes.find(request);
    if (rule === undefined) return refused(404, 'NR', `no route for host ${request.host} and path ${request.path}`);
    if (rule.refusal !== undefined) return refused(501, 'NR', rule.refusal);
    const destination = pick(rule, this.#options.random);
    if (destination === undefined)
      return refused(rule.brokenStatus, 'NR', `${rule.from} has no destination with a weight above 0`);
    const endpoints = this.#mesh.endpoints.of(destination);
    if (endpoints.kind !== 'known') return broken(rule, destination, endpoints.kind);
    if (endpoints.pods.length === 0) {
      const text = `no ready pod behind service ${destination.namespace}/${destination.service}`;
      return { ...refused(503, 'UH', text), destination };
    }
    return this.#tryPods(request, destination, endpoints.pods);
  }

  async #tryPods(request: GatewayRequest, destination: Destination, pods: readonly PodIdentity[]): Promise<Carried> {
    let left = pods;
    for (let attempt = 0; attempt < ATTEMPTS && left.length > 0; attempt++) {
      const place = left.length === 1 ? 0 : Math.floor(this.#options.random() * left.length);
      const pod = left[place];
      if (pod === undefined) break;
      try {
        return { destination, pod, flags: '-', answer: await this.#options.pods.send(pod.uid, toPod(request)) };
      } catch (error) {
        const text = error instanceof Error ? error.message : String(error);
        if (!(error instanceof PodGone)) return { ...refused(503, 'UC', text), destination, pod };
        left = left.filter((other) => other !== pod);
      }
    }
    return { ...refused(503, 'UF', 'no connection to any pod'), destination };
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const { status, headers, body, destination } = await this.send(await readRequest(request));
      respond(response, { status, headers: { ...headers, 'x-destination': destination }, body });
    } catch (error) {
      if (error instanceof BodyTooLong) respond(response, refused(413, 'DPE', error.message).answer);
      // The request broke off: there is nobody to answer.
      else response.destroy();
    }
  }
}

function respond(response: ServerResponse, { status, headers, body }: PodAnswer): void {
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

interface Carried {
  answer: PodAnswer;
  flags: string;
  destination?: Destination;
  pod?: PodIdentity;
}

function refused(status: number, flags: string, error: string): Carried {
  const body = JSON.stringify({ error });
  return { answer: { status, headers: { 'content-type': 'application/json' }, body }, flags };
}

function broken(rule: Rule, destination: Destination, kind: 'no-service' | 'no-subset'): Carried {
  const { namespace, service, subset = '' } = destination;
  const text =
    kind === 'no-service'
      ? `${rule.from} names service ${namespace}/${service}, which is not there`
      : `${rule.from} names subset ${subset} of service ${namespace}/${service}, which no DestinationRule has`;
  return { ...refused(rule.brokenStatus, 'NC', text), destination };
}

function toPod({ method = 'GET', host, path, headers = {}, body }: GatewayRequest): Parameters<PodServers['send']>[1] {
  return { method, path, headers: { ...headers, host }, ...(body === undefined ? {} : { body }) };
}

/** What belongs to one connection, and is not passed on. */
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'transfer-encoding', 'content-length', 'upgrade', 'te']);
HOP_BY_HOP.add('expect').add('trailer').add('proxy-connection');

async function readRequest(request: IncomingMessage): Promise<GatewayRequest> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers))
    if (value !== undefined && !HOP_BY_HOP.has(name)) headers[name] = Array.isArray(value) ? value.join(', ') : value;
  const hasBody = request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined;
  const { method = 'GET', url = '/' } = request;
  const base = { method, path: url, host: request.headers.host ?? '', headers };
  return hasBody ? { ...base, body: await readBody(request) } : base;
}

/** Carries requests by the routes of the store from now on; call `close` at the end. */
export function createGateway(options: GatewayOptions): Gateway {
  return new MeshGateway(options);
}
