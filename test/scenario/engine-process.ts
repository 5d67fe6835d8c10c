// One process of Sluice: the real engine over a transport, a clock, a mirror and a metric store that all die with it. After `kill`
// nothing of it acts any more, as after SIGKILL: requests that arrived have taken effect, their answers are never seen.
import { createPrometheusProvider } from '../../src/analysis/providers/prometheus/provider.ts';
import type { ReadSecret } from '../../src/analysis/provider.ts';
import { inProcessReader } from '../../src/source/in-process.ts';
import { createEngine, type Engine } from '../../src/cli/engine.ts';
import { learning } from '../../src/cli/secrecy.ts';
import { secretReader } from '../../src/cli/secret-reader.ts';
import { createHttp } from '../../src/http/http.ts';
import { createEgress } from '../../src/egress/egress.ts';
import type { GitMirror } from '../../src/git/types.ts';
import { kubeClient } from '../../src/kube/client.ts';
import { eventRecorder } from '../../src/kube/events.ts';
import { fenced } from '../../src/kube/fenced-client.ts';
import { LeaseElection } from '../../src/kube/lease.ts';
import type { KubeClient } from '../../src/kube/types.ts';
import type { Cancel, Clock } from '../../src/ports/clock.ts';
import type { Log } from '../../src/ports/log.ts';
import type { HttpRequest, HttpResponse, Transport } from '../../src/ports/transport.ts';
import { knownSecrets } from '../../src/secrecy/known-secrets.ts';
import { jsonLog } from '../../src/server/log.ts';
import { createMetrics } from '../../src/server/metrics.ts';
import { FakeMirror } from '../support/fake-git.ts';
import type { Cluster } from './cluster.ts';

export interface ProcessOptions {
  name?: string;
  /** Acts only while it holds the Lease. */
  elect?: boolean;
  /** Applications that may reach beyond their namespace. */
  clusterApplications?: string[];
  /** The process dies at its write of this number (1 is the first), before or after it took effect. */
  die?: { at: number; when: 'before' | 'after' };
}

const PROMETHEUS = 'http://prometheus.monitoring:9090';
const never = <T>(): Promise<T> => new Promise<T>(() => {});
const READS = new Set(['GET', 'HEAD']);

export class EngineProcess {
  readonly name: string;
  /** Writes so far, to the API server and to Git, in order. */
  readonly writes: string[] = [];
  readonly errors: string[] = [];
  /** Everything that it logged. */
  readonly lines: string[] = [];
  readonly secrets = knownSecrets();
  readonly metrics = createMetrics({ version: 'test', processMetrics: false });
  readonly readSecret: ReadSecret;
  readonly log: Log;
  readonly engine: Engine;
  readonly lease: LeaseElection | undefined;
  dead = false;
  lost = false;
  onDeath: () => void = () => {};
  readonly #cluster: Cluster;
  readonly #options: ProcessOptions;
  readonly #timers = new Set<Cancel>();
  readonly #open = new Set<AbortController>();
  /** While set nothing of the process runs; the waiting run when it is continued. */
  #stopped: (() => void)[] | undefined;

  constructor(cluster: Cluster, options: ProcessOptions = {}) {
    this.#cluster = cluster;
    this.#options = options;
    this.name = options.name ?? 'sluice-0';
    const clock = this.#clock();
    const log = this.#log();
    this.log = log;
    const plain = learning(kubeClient({ transport: this.#transport(), version: 'test', clock }), this.secrets);
    this.lease = options.elect ? this.#election(plain, clock, log) : undefined;
    const client = this.lease ? fenced(plain, this.lease) : plain;
    // An empty disk: only what the cluster holds survives a process.
    const mirror = this.#mirror(new FakeMirror(cluster.repository));
    const readSecret = secretReader(client);
    this.readSecret = readSecret;
    this.engine = createEngine({
      client,
      clock,
      random: () => 0.5,
      log,
      events: eventRecorder({ client, clock, random: () => 0.5, log, instance: this.name }),
      secrecy: this.secrets,
      metrics: this.metrics,
      providers: {
        prometheus: createPrometheusProvider({
          defaultAddress: PROMETHEUS,
          http: createHttp({
            egress: createEgress({ prometheus: PROMETHEUS }),
            adapter: (config) => this.#living(() => cluster.prometheus.answer(config)),
            clock,
          }),
          readSecret,
        }),
      },
      readSecret,
      reader: inProcessReader({ clock, mirrorFor: () => Promise.resolve(mirror) }),
      http: {
        check: () => undefined,
        request: (request) =>
          request.method === 'GET'
            ? this.#living(() => cluster.forge.request(request))
            : this.#write(`forge ${request.method}`, () => cluster.forge.request(request)),
      },
      egress: { check: () => undefined, checkSecret: () => undefined, lookup: () => () => undefined },
      tenancy: { clusterApplications: options.clusterApplications ?? [], crossNamespaceRoutes: [] },
      ownNamespace: 'shop',
    });
  }

  async start(): Promise<void> {
    await this.#alive(this.engine.follow(new AbortController().signal));
    if (this.dead) return;
    if (this.lease) this.lease.start();
    else this.engine.act();
  }

  kill(): void {
    if (this.dead) return;
    this.dead = true;
    this.onDeath();
    for (const cancel of this.#timers) cancel();
    for (const open of this.#open) open.abort(new Error('killed'));
  }

  /** SIGSTOP: the process stands still while time goes on. */
  suspend(): void {
    this.#stopped ??= [];
  }

  /** SIGCONT: what fell due meanwhile runs now. */
  resume(): void {
    const waiting = this.#stopped ?? [];
    this.#stopped = undefined;
    for (const run of waiting) run();
  }

  #election(client: KubeClient, clock: Clock, log: Log): LeaseElection {
    return new LeaseElection({
      client,
      clock,
      monotonic: () => this.#cluster.clock.now(),
      log,
      namespace: 'shop',
      name: 'sluice',
      identity: this.name,
      onAcquired: () => this.engine.act(),
      // As the command does: the loss of the Lease ends the process.
      onLost: () => {
        this.lost = true;
        this.kill();
      },
    });
  }

  #clock(): Clock {
    const { clock } = this.#cluster;
    return {
      now: () => clock.now(),
      after: (ms, run) => {
        const cancel = clock.after(ms, () => {
          this.#timers.delete(cancel);
          this.#gate(run);
        });
        this.#timers.add(cancel);
        return () => {
          this.#timers.delete(cancel);
          cancel();
        };
      },
    };
  }

  #gate(run: () => void): void {
    if (this.dead) return;
    if (this.#stopped) this.#stopped.push(run);
    else run();
  }

  /** Resolves like `promise` while the process lives; later when it is stopped, never when it is dead. */
  #alive<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      promise.then(
        (value) => this.#gate(() => resolve(value)),
        (error: unknown) => this.#gate(() => reject(error as Error)),
      );
    });
  }

  #living<T>(call: () => Promise<T>): Promise<T> {
    return this.dead ? never() : this.#alive(call());
  }

  /** One write: counted, and where the test wants it the last thing the process does. */
  async #write<T>(what: string, call: () => Promise<T>): Promise<T> {
    if (this.dead) return never();
    this.writes.push(what);
    const { die } = this.#options;
    const isLast = die?.at === this.writes.length;
    if (isLast && die?.when === 'before') {
      this.kill();
      return never();
    }
    const answer = call();
    if (isLast) {
      // What arrived has taken effect; the process sees none of it.
      await answer.catch(() => undefined);
      this.kill();
      return never();
    }
    return this.#alive(answer);
  }

  #transport(): Transport {
    return {
      request: (request) => {
        if (this.dead) return never();
        // One transport per request: each ends with its own request.
        const { open, call } = this.#follow(this.#cluster.server.transport('sluice', this.#cluster.token), request);
        if (READS.has(request.method)) return this.#alive(call().then((r) => this.#mortal(r, open)));
        return this.#write(`${request.method} ${request.path.split('?')[0]}`, async () => {
          const response = await call();
          this.#cluster.audit.look(`${this.name} ${request.method} ${request.path}`);
          return this.#mortal(response, open);
        });
      },
      close: () => Promise.resolve(),
    };
  }

  #follow(inner: Transport, request: HttpRequest): { open: AbortController; call: () => Promise<HttpResponse> } {
    const open = new AbortController();
    const abort = (): void => open.abort(request.signal?.reason);
    if (request.signal?.aborted) abort();
    request.signal?.addEventListener('abort', abort, { once: true });
    if (request.stream) this.#open.add(open);
    const call = async (): Promise<HttpResponse> => {
      this.#cluster.note(`kube ${request.method} ${request.path.split('?')[0]}`);
      try {
        const response = await inner.request({ ...request, signal: open.signal });
        if (response.status === 403) this.#cluster.refused.push(`${request.method} ${request.path}`);
        return response;
      } finally {
        if (!request.stream) request.signal?.removeEventListener('abort', abort);
      }
    };
    return { open, call };
  }

  #mortal(response: HttpResponse, open: AbortController): HttpResponse {
    const pieces = response.body[Symbol.asyncIterator]();
    const body = {
      [Symbol.asyncIterator]: () => ({
        next: () => this.#living(() => pieces.next()),
        return: async () => {
          this.#open.delete(open);
          open.abort(new Error('closed'));
          return { done: true as const, value: undefined };
        },
      }),
    };
    return { ...response, body };
  }

  #mirror(mirror: GitMirror): GitMirror {
    const { note } = this.#cluster;
    const read =
      <A extends unknown[], R>(name: string, call: (...args: A) => Promise<R>) =>
      (...args: A): Promise<R> =>
        this.#living(() => {
          note(`git ${name}`);
          return call(...args);
        });
    return {
      head: read('head', (branch) => mirror.head(branch)),
      fetch: read('fetch', (branch) => mirror.fetch(branch)),
      commit: read('commit', (oid) => mirror.commit(oid)),
      signed: read('signed', (oid) => mirror.signed(oid)),
      files: read('files', (commit, path) => mirror.files(commit, path)),
      read: read('read', (oid) => mirror.read(oid)),
      tree: read('tree', (oid) => mirror.tree(oid)),
      blob: read('blob', (oid) => mirror.blob(oid)),
      commitFiles: (request) => {
        note('git push');
        return this.#write('git push', () => mirror.commitFiles(request));
      },
      addNotes: (notes, author) => {
        note('git push notes');
        return this.#write('git push notes', () => mirror.addNotes(notes, author));
      },
    };
  }

  #log(): Log {
    const write = (line: string): void => {
      if (this.dead) return;
      this.lines.push(line);
      const { level, message, time: _time, ...fields } = JSON.parse(line) as Record<string, unknown>;
      if (level === 'error') this.errors.push(`${String(message)} ${JSON.stringify(fields)}`);
    };
    return jsonLog({ level: 'debug', write, clock: this.#cluster.clock, secrets: this.secrets });
  }
}
