// What the contract runs against: the sandbox, or the real API server that SLUICE_CONTRACT_KUBECONFIG names.
import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import { Agent, request as send } from 'undici';
import { afterAll, beforeAll } from 'vitest';
import { createApiServer } from 'kube-sandbox/api-server';
import { seededRandom } from 'kube-sandbox/random';
import { startWorkloads } from 'kube-sandbox/workloads';
import { systemClock } from '../../src/ports/clock.ts';
import type { HttpRequest, HttpResponse, Transport } from '../../src/ports/transport.ts';

export const KUBECONFIG = process.env['SLUICE_CONTRACT_KUBECONFIG'];
export const isSandbox = KUBECONFIG === undefined || KUBECONFIG === '';

interface Kubeconfig {
  'current-context': string;
  contexts: { name: string; context: { cluster: string; user: string } }[];
  clusters: { name: string; cluster: Record<string, unknown> }[];
  users: { name: string; user: Record<string, string> }[];
}

function realTransport(file: string): Transport {
  const config = load(readFileSync(file, 'utf8')) as Kubeconfig;
  const context = config.contexts.find((c) => c.name === config['current-context'])?.context;
  const cluster = config.clusters.find((c) => c.name === context?.cluster)?.cluster ?? {};
  const user = config.users.find((u) => u.name === context?.user)?.user ?? {};
  const authority = cluster['certificate-authority-data'];
  const agent = new Agent({
    connect: {
      rejectUnauthorized: cluster['insecure-skip-tls-verify'] !== true,
      ...(typeof authority === 'string' ? { ca: Buffer.from(authority, 'base64').toString() } : {}),
    },
  });
  const authorization: Record<string, string> =
    user['token'] === undefined ? {} : { authorization: `Bearer ${user['token']}` };
  return {
    async request(request: HttpRequest): Promise<HttpResponse> {
      const response = await send(`${String(cluster['server'])}${request.path}`, {
        dispatcher: agent,
        method: request.method as 'GET',
        headers: { 'user-agent': 'contract', ...authorization, ...request.headers },
        body: request.body ?? null,
        ...(request.signal === undefined ? {} : { signal: request.signal }),
      });
      const headers: Record<string, string> = {};
      for (const [name, value] of Object.entries(response.headers))
        if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value;
      const decoder = new TextDecoder();
      async function* pieces(): AsyncGenerator<string> {
        for await (const piece of response.body) yield decoder.decode(piece as Uint8Array, { stream: true });
      }
      return { status: response.statusCode, headers, body: pieces() };
    },
    close: () => agent.close(),
  };
}

export interface Reply {
  status: number;
  headers: Record<string, string>;
  // The shape is what each test is about.
  // eslint-disable-next-line
  body: any;
}

export interface Target {
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Reply>;
  /** Events of a watch until `count` came or the server ended it. */
  watch(path: string, count: number): Promise<Reply['body'][]>;
  /** Asks again until the condition holds; the limit is 5 s unless another is given. */
  eventually(path: string, holds: (reply: Reply) => boolean, limitMs?: number): Promise<Reply>;
  /** Makes the sandbox forget its history; a real server does so by itself, in its own time. */
  compact: () => void;
  /** For what speaks to the server by itself. */
  readonly transport: Transport;
  close(): Promise<void>;
}

async function textOf(response: HttpResponse): Promise<string> {
  let text = '';
  for await (const piece of response.body) text += piece;
  return text;
}

interface Server {
  transport: Transport;
  compact: () => void;
}

/** The sandbox's API server; with its workload controllers where a test is about them. */
function sandboxServer(withWorkloads: boolean): Server {
  const server = createApiServer({ clock: systemClock });
  const transport = server.transport('contract');
  const compact = (): void => server.compact();
  if (!withWorkloads) return { transport, compact };
  const workloads = startWorkloads({ store: server.store, clock: systemClock, random: seededRandom(1) });
  const close = (): Promise<void> => {
    workloads.stop();
    return transport.close();
  };
  return { transport: { request: (request) => transport.request(request), close }, compact };
}

/** `workloads`: the sandbox runs its controllers and kubelet too, as the real server's always do. */
export function openTarget(options: { workloads?: boolean } = {}): Target {
  const { transport, compact } = isSandbox
    ? sandboxServer(options.workloads === true)
    : { transport: realTransport(KUBECONFIG ?? ''), compact: () => {} };
  const target: Target = {
    async call(method, path, body, headers = {}) {
      const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
      const type: Record<string, string> = text === undefined ? {} : { 'content-type': 'application/json' };
      const response = await transport.request({
        method,
        path,
        headers: { ...type, ...headers },
        ...(text === undefined ? {} : { body: text }),
      });
      const answer = await textOf(response);
      const isJson = (response.headers['content-type'] ?? '').includes('json');
      return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(answer) : answer };
    },
    async watch(path, count) {
      const signal = new AbortController();
      const response = await transport.request({ method: 'GET', path, stream: true, signal: signal.signal });
      const events: unknown[] = [];
      let rest = '';
      for await (const piece of response.body) {
        const lines = (rest + piece).split('\n');
        rest = lines.pop() ?? '';
        events.push(...lines.filter(Boolean).map((line) => JSON.parse(line) as unknown));
        if (events.length >= count) break;
      }
      return events;
    },
    transport,
    compact,
    async eventually(path, holds, limitMs = 60_000) {
      const end = Date.now() + limitMs;
      for (;;) {
        const reply = await target.call('GET', path);
        if (holds(reply)) return reply;
        if (Date.now() > end) throw new Error(`${path} never got there: ${JSON.stringify(reply.body).slice(0, 2000)}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    close: () => transport.close(),
  };
  return target;
}

export const NAMESPACE = `contract-${process.pid}`;
export const CORE = `/api/v1/namespaces/${NAMESPACE}`;
export const WIDGETS = `/apis/contract.sluice.dev/v1/namespaces/${NAMESPACE}/widgets`;
const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

const schema = {
  type: 'object',
  required: ['spec'],
  properties: {
    spec: {
      type: 'object',
      required: ['color'],
      'x-kubernetes-validations': [
        { rule: '!has(self.min) || !has(self.max) || self.min <= self.max', message: 'min must not exceed max' },
      ],
      properties: {
        color: { type: 'string', enum: ['red', 'green', 'blue'] },
        size: { type: 'integer', default: 3, minimum: 1, maximum: 10 },
        replicas: { type: 'integer', default: 1, minimum: 0 },
        code: { type: 'string', pattern: '^[a-z]+$', minLength: 2, maxLength: 5 },
        min: { type: 'integer' },
        max: { type: 'integer' },
        args: { type: 'array', items: { type: 'string' } },
        tags: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
        free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        items: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['name'],
          items: {
            type: 'object',
            required: ['name'],
            properties: {
              name: { type: 'string' },
              value: { type: 'string' },
              weight: { type: 'integer', default: 5 },
            },
          },
        },
      },
    },
    status: { type: 'object', properties: { phase: { type: 'string' }, replicas: { type: 'integer' } } },
  },
};

const widgetCrd = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.contract.sluice.dev' },
  spec: {
    group: 'contract.sluice.dev',
    scope: 'Namespaced',
    names: { plural: 'widgets', singular: 'widget', kind: 'Widget', shortNames: ['wd'] },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: schema },
        subresources: {
          status: {},
          scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' },
        },
        selectableFields: [{ jsonPath: '.spec.color' }],
        additionalPrinterColumns: [
          { name: 'Color', type: 'string', jsonPath: '.spec.color' },
          { name: 'Size', type: 'integer', jsonPath: '.spec.size' },
          { name: 'Phase', type: 'string', jsonPath: '.status.phase', priority: 1 },
        ],
      },
    ],
  },
};

export const widget = (name: string, spec: object = {}, metadata: object = {}): object => ({
  apiVersion: 'contract.sluice.dev/v1',
  kind: 'Widget',
  metadata: { name, ...metadata },
  spec: { color: 'red', ...spec },
});

/** A target with a namespace of its own for a suite that needs built-in kinds only: there before its tests, gone after them. */
export function openNamespace(name: string, options: { workloads?: boolean } = {}): Target {
  const target = openTarget(options);
  beforeAll(async () => {
    const reply = await target.call('POST', '/api/v1/namespaces', { metadata: { name } });
    if (reply.status !== 201) throw new Error(`${name} was refused: ${JSON.stringify(reply.body)}`);
  });
  afterAll(async () => {
    await target.call('DELETE', `/api/v1/namespaces/${name}`);
    await target.close();
  });
  return target;
}

/** A namespace and the Widget kind, ready for use. */
export async function prepare(target: Target): Promise<void> {
  // A real server takes seconds to clear away what another suite has deleted.
  await target.eventually(
    `${CRDS}/widgets.contract.sluice.dev`,
    ({ body }) => !body.metadata.deletionTimestamp,
    30_000,
  );
  await target.call('POST', CRDS, widgetCrd);
  await target.call('POST', '/api/v1/namespaces', { metadata: { name: NAMESPACE } });
  await target.eventually(WIDGETS, (reply) => reply.status === 200);
}

export async function clear(target: Target): Promise<void> {
  await target.call('DELETE', `/api/v1/namespaces/${NAMESPACE}`);
  await target.call('DELETE', `${CRDS}/widgets.contract.sluice.dev`);
  await target.close();
}
