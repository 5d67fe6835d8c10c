// A load on the mesh: requests at a steady or random pace by the clock, in process or as real HTTP, and a count of what became of them.
import { Pool } from 'undici';
import type { Cancel, Clock } from '../clock.ts';
import type { Gateway } from './gateway.ts';
import type { Random } from '../random.ts';
import { Tally, type Outcome } from './tally.ts';

export type { Tally } from './tally.ts';

export interface LoadOptions {
  clock: Clock;
  /** A gateway to call in process, or the URL of one that listens: then real HTTP requests on kept connections. */
  target: Gateway | string;
  host: string;
  /** Default `/`. */
  path?: string;
  headers?: Record<string, string>;
  /** Requests per second, above 0. */
  rps: number;
  /** Lots for a random (Poisson) pace; without it the pace is steady. */
  poisson?: Random;
  /** Requests under way at once; those due beyond it are skipped and counted as such. Default 64. */
  concurrency?: number;
}

export interface Load {
  /** Since the start. */
  readonly total: Tally;
  /** Of requests sent since the last `mark`, or since the start. */
  readonly sinceMark: Tally;
  /** Begins a new count; requests already sent stay in the old one, which is returned. */
  mark(): Tally;
  /** Sends nothing more; resolves when every request has ended. May be called again. */
  stop(): Promise<void>;
}

const DEFAULT_CONCURRENCY = 64;

type Send = () => Promise<Outcome>;

/** An answer that takes longer counts as none. */
const ANSWER_MS = 30_000;

function inProcess(gateway: Gateway, { host, path = '/', headers = {} }: LoadOptions): Send {
  return () => gateway.send({ host, path, headers });
}

const textOf = (value: string | string[] | undefined): string => (typeof value === 'string' ? value : '');

function overHttp(pool: Pool, { host, path = '/', headers = {} }: LoadOptions): Send {
  const request = { method: 'GET', path, headers: { ...headers, host } } as const;
  return async () => {
    const { statusCode, headers: got, body } = await pool.request(request);
    await body.dump();
    return {
      status: statusCode,
      destination: textOf(got['x-destination']),
      version: textOf(got['x-version']),
      podHash: textOf(got['x-pod-hash']),
    };
  };
}

const NO_ANSWER: Outcome = { status: 0, destination: '', version: '', podHash: '' };

class RunningLoad implements Load {
  readonly total = new Tally();
  sinceMark = new Tally();
  readonly #options: LoadOptions;
  readonly #send: Send;
  readonly #end: () => Promise<void>;
  readonly #underWay = new Set<Promise<void>>();
  #due: number;
  #cancel: Cancel;
  #stopped: Promise<void> | undefined;

  constructor(options: LoadOptions) {
    this.#options = options;
    const { target, concurrency = DEFAULT_CONCURRENCY } = options;
    if (typeof target === 'string') {
      const limits = { connections: concurrency, headersTimeout: ANSWER_MS, bodyTimeout: ANSWER_MS };
      const pool = new Pool(target, limits);
      this.#send = overHttp(pool, options);
      this.#end = () => pool.close();
    } else {
      this.#send = inProcess(target, options);
      this.#end = () => Promise.resolve();
    }
    this.#due = options.clock.now() + this.#gap();
    this.#cancel = this.#arm();
  }

  mark(): Tally {
    const before = this.sinceMark;
    this.sinceMark = new Tally();
    return before;
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#finish();
    return this.#stopped;
  }

  async #finish(): Promise<void> {
    this.#cancel();
    await Promise.all(this.#underWay);
    await this.#end();
  }

  /** Milliseconds to the next request. */
  #gap(): number {
    const { rps, poisson } = this.#options;
    const mean = 1000 / rps;
    return poisson === undefined ? mean : -Math.log(1 - poisson()) * mean;
  }

  #arm(): Cancel {
    const { clock } = this.#options;
    return clock.after(Math.max(0, Math.ceil(this.#due - clock.now())), () => {
      this.#sendDue(clock.now());
      this.#cancel = this.#arm();
    });
  }

  /** A timer that comes late sends what fell due meanwhile, so that the pace holds on a busy machine. */
  #sendDue(now: number): void {
    const { concurrency = DEFAULT_CONCURRENCY } = this.#options;
    for (; this.#due <= now; this.#due += this.#gap()) {
      if (this.#underWay.size < concurrency) this.#sendOne();
      else for (const tally of [this.total, this.sinceMark]) tally.skipped++;
    }
  }

  #sendOne(): void {
    const tallies = [this.total, this.sinceMark];
    const ended = this.#send()
      .catch(() => NO_ANSWER)
      .then((outcome) => {
        for (const tally of tallies) tally.add(outcome);
        this.#underWay.delete(ended);
      });
    this.#underWay.add(ended);
  }
}

/** Starts at once; call `stop` at the end. Throws a RangeError for a rate that is no positive number. */
export function startLoad(options: LoadOptions): Load {
  if (!(options.rps > 0 && Number.isFinite(options.rps)))
    throw new RangeError(`rps is ${options.rps}: write a number above 0`);
  return new RunningLoad(options);
}
