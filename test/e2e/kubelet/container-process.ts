// One container: a process of this machine, started again when it ends, and probed while it runs.
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { connect } from 'node:net';
import { firstPort, type PodContainer } from './pod.ts';
import type { Entrypoint } from './images.ts';
import type { ContainerState } from './pod-status.ts';

export interface ContainerOptions {
  container: PodContainer;
  ip: string;
  entrypoint: Entrypoint | undefined;
  env: Record<string, string>;
  /** File for what it prints. */
  log: string;
  restarts: 'Always' | 'OnFailure' | 'Never';
  /** Its state has changed. */
  changed: () => void;
}

/** Until a container is ready it is probed at this pace, whatever its probe says: a release should not wait for the tests' sake. */
const EAGER_PROBE_MS = 40;
const PROBE_MS = 1000;
const PROBE_TIMEOUT_MS = 1000;
const BACKOFF_MS = 500;

export class ContainerProcess {
  readonly state: ContainerState = { ready: false, restarts: 0 };
  readonly #options: ContainerOptions;
  #child: ChildProcess | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopping = false;

  constructor(options: ContainerOptions) {
    this.#options = options;
  }

  start(): void {
    const { entrypoint, env, log, changed } = this.#options;
    if (entrypoint === undefined) {
      this.state.waiting = 'ErrImagePull';
      return changed();
    }
    for (const [path, text] of Object.entries(entrypoint.files ?? {})) writeFileSync(path, text);
    const out = openSync(log, 'a');
    const child = spawn(entrypoint.command, entrypoint.args, { env, stdio: ['ignore', out, out] });
    closeSync(out);
    this.#child = child;
    Object.assign(this.state, { waiting: undefined, runningSince: Date.now(), pid: child.pid });
    const ended = (code: number): void => this.#ended(child, code);
    child.once('exit', (code) => ended(code ?? 137));
    child.once('error', () => ended(127));
    changed();
    void this.#probe(child);
  }

  get runs(): boolean {
    return this.#child !== undefined;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** It will not be started again. */
  retire(): void {
    this.#stopping = true;
    clearTimeout(this.#timer);
  }

  #ended(child: ChildProcess, code: number): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    const ended = { ready: false, runningSince: undefined, pid: undefined, exitCode: code, endedAt: Date.now() };
    Object.assign(this.state, ended);
    const { restarts, changed } = this.#options;
    if (!this.#stopping && (restarts === 'Always' || (restarts === 'OnFailure' && code !== 0))) {
      this.state.restarts++;
      if (this.state.restarts > 1) this.state.waiting = 'CrashLoopBackOff';
      this.#timer = setTimeout(() => this.start(), BACKOFF_MS * Math.min(this.state.restarts, 20));
    }
    changed();
  }

  async #probe(child: ChildProcess): Promise<void> {
    while (this.#child === child && !this.#stopping) {
      const ready = await this.#isReady();
      if (this.#child === child && ready !== this.state.ready) {
        this.state.ready = ready;
        this.#options.changed();
      }
      await new Promise((resolve) => setTimeout(resolve, ready ? PROBE_MS : EAGER_PROBE_MS));
    }
  }

  /** Without a probe a container that listens is asked whether it does, so that "ready" means that requests are taken. */
  #isReady(): Promise<boolean> {
    const { container, ip } = this.#options;
    const asked = container.readinessProbe?.httpGet;
    if (asked !== undefined) {
      const named = container.ports?.find((port) => port.name === asked.port)?.containerPort;
      const port = typeof asked.port === 'number' ? asked.port : (named ?? firstPort(container));
      return httpOk(ip, port, asked.path ?? '/');
    }
    return container.ports === undefined ? Promise.resolve(true) : accepts(ip, firstPort(container));
  }
}

function httpOk(host: string, port: number, path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const ask = get({ host, port, path, timeout: PROBE_TIMEOUT_MS, agent: false }, (answer) => {
      answer.resume();
      resolve((answer.statusCode ?? 500) < 400);
    });
    ask.on('error', () => resolve(false));
    ask.on('timeout', () => ask.destroy());
  });
}

function accepts(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: PROBE_TIMEOUT_MS }, () => done(true));
    const done = (yes: boolean): void => {
      socket.destroy();
      resolve(yes);
    };
    socket.on('error', () => done(false));
    socket.on('timeout', () => done(false));
  });
}
