// Requests through the gateway, all the time, each one recorded: when it was sent, what came back, and which version answered.
import { Pool } from 'undici';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../cluster/until.ts';

export interface Sent {
  /** Milliseconds on the clock of `performance.now()`. */
  at: number;
  ms: number;
  /** 0: no answer came. */
  status: number;
  version: string;
  error?: string;
}

const CONNECTIONS = 8;
/** Between two requests of a connection when nothing is measured: some 100 requests a second in all. */
const IDLE_PAUSE_MS = 80;
/** Points that the share may be off, of so many requests. */
const NEAR = 6;
const NEAR_REQUESTS = 400;
/** So many in a row have to be answered before a proxy counts as having taken a route. */
const WORKING = 50;

export class Traffic {
  readonly sent: Sent[] = [];
  readonly #pool: Pool;
  readonly #host: string;
  readonly #loops: Promise<void>[];
  /** Milliseconds between two requests of one connection. */
  pause = IDLE_PAUSE_MS;
  /** Further headers, as x-fail. */
  headers: Record<string, string> = {};
  #isOn = true;

  constructor(gateway: string, host: string, connections = CONNECTIONS) {
    this.#pool = new Pool(gateway, { connections });
    this.#host = host;
    this.#loops = Array.from({ length: connections }, () => this.#loop());
  }

  async #loop(): Promise<void> {
    while (this.#isOn) {
      this.sent.push(await this.#one());
      if (this.pause > 0) await sleep(this.pause);
    }
  }

  async #one(): Promise<Sent> {
    const at = performance.now();
    const since = (): number => performance.now() - at;
    try {
      const answer = await this.#pool.request({
        path: '/',
        method: 'GET',
        headers: { ...this.headers, host: this.#host },
      });
      await answer.body.dump();
      return { at, ms: since(), status: answer.statusCode, version: String(answer.headers['x-version'] ?? '') };
    } catch (error) {
      return { at, ms: since(), status: 0, version: '', error: String(error) };
    }
  }

  /** Requests that did not get a 200. */
  get failed(): Sent[] {
    return this.sent.filter(({ status }) => status !== 200);
  }

  /** Resolves when requests are answered with 200, many in a row; what was sent until then is forgotten. */
  async works(): Promise<void> {
    const isWorking = (): boolean =>
      this.sent.length >= WORKING && this.sent.slice(-WORKING).every(({ status }) => status === 200);
    await until('answers through the gateway', isWorking);
    this.sent.length = 0;
  }

  /** Share of the version among the answers to that many requests, in percent; sent as fast as it goes. */
  async share(version: string, requests: number): Promise<number> {
    const from = this.sent.length;
    const pause = this.pause;
    this.pause = 0;
    await until(`${requests} requests`, () => this.sent.length >= from + requests);
    this.pause = pause;
    const answers = this.sent.slice(from, from + requests).filter((s) => s.version !== '');
    return (answers.filter((s) => s.version === version).length / answers.length) * 100;
  }

  /** Resolves when a version's share is near this percentage: the proxy has taken the weight that was written. */
  async settles(version: string, percent: number): Promise<void> {
    const isNear = async (): Promise<boolean> => Math.abs((await this.share(version, NEAR_REQUESTS)) - percent) <= NEAR;
    await until(`a share of ${percent} % for ${version}`, isNear);
  }

  /** Resolves when every request has been answered; may be called again. */
  async stop(): Promise<void> {
    this.#isOn = false;
    await Promise.all(this.#loops);
    if (!this.#pool.closed) await this.#pool.close();
  }
}

/** How often each thing came back, for messages: `{ "200": 9000, "503": 2 }`. */
export function tally(sent: readonly Sent[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status, error } of sent) {
    const key = status === 0 ? (error ?? 'no answer') : String(status);
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}
