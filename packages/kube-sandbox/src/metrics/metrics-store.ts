// The metrics store: scrapes its targets by the clock into memory and answers Prometheus' HTTP API.
import type { Cancel, Clock } from '../clock.ts';
import type { HttpRequest, HttpResponse } from '../transport.ts';
import type { Listening } from '../apiserver/listener.ts';
import { listenOn } from '../apiserver/listener.ts';
import { evaluate } from './evaluate.ts';
import { answerApi } from './http-api.ts';
import { identify, labelsOf } from './labels.ts';
import { parseQuery } from './promql-parse.ts';
import { ScrapedTarget, type Target } from './scraped-target.ts';
import { Tsdb } from './tsdb.ts';
import type { Value } from './value.ts';

export type { Target } from './scraped-target.ts';

export interface MetricsStoreOptions {
  clock: Clock;
  /** Default 1 s. */
  scrapeIntervalMs?: number;
  /** Default 1 h. */
  retentionMs?: number;
}

export interface MetricsStore {
  /** Scrapes a target from the next interval on; the returned function ends it and marks its series stale. */
  addTarget(target: Target): () => void;
  /** Adds one sample; without a time, now. False when the series has a later one. */
  append(labels: Record<string, string>, value: number, time?: number): boolean;
  /** Scrapes all targets at once, between two intervals. */
  scrapeNow(): Promise<void>;
  /** Evaluates a query at a time in milliseconds (default now). Throws ParseError or ExecutionError. */
  query(text: string, time?: number): Value;
  /** Answers Prometheus' HTTP API without a socket. */
  handle(request: HttpRequest): Promise<HttpResponse>;
  /** Serves it on a loopback port; port 0 takes a free one. */
  listen(options?: { host?: string; port?: number }): Promise<Listening>;
  stop(): void;
}

class Scraper implements MetricsStore {
  readonly #clock: Clock;
  readonly #db: Tsdb;
  readonly #intervalMs: number;
  readonly #targets = new Set<ScrapedTarget>();
  #cancel: Cancel;

  constructor(options: MetricsStoreOptions) {
    this.#clock = options.clock;
    this.#intervalMs = options.scrapeIntervalMs ?? 1000;
    this.#db = new Tsdb(options.retentionMs ?? 3_600_000);
    this.#cancel = this.#arm();
  }

  addTarget(target: Target): () => void {
    const scraped = new ScrapedTarget(target);
    this.#targets.add(scraped);
    return () => {
      if (this.#targets.delete(scraped)) scraped.end(this.#db, this.#clock.now());
    };
  }

  append(labels: Record<string, string>, value: number, time = this.#clock.now()): boolean {
    return this.#db.append(identify(labelsOf(labels)), time, value);
  }

  async scrapeNow(): Promise<void> {
    await Promise.all([...this.#targets].map((scraped) => this.#scrape(scraped)));
    this.#db.prune(this.#clock.now());
  }

  query(text: string, time = this.#clock.now()): Value {
    return evaluate({ db: this.#db, selected: new Map() }, parseQuery(text), time);
  }

  handle(request: HttpRequest): Promise<HttpResponse> {
    return Promise.resolve(answerApi({ db: this.#db, now: this.#clock.now() }, request));
  }

  listen(options: { host?: string; port?: number } = {}): Promise<Listening> {
    return listenOn((request) => this.handle(request), options);
  }

  stop(): void {
    this.#cancel();
    this.#targets.clear();
  }

  #arm(): Cancel {
    return this.#clock.after(this.#intervalMs, () => {
      this.#cancel = this.#arm();
      void this.scrapeNow();
    });
  }

  async #scrape(target: ScrapedTarget): Promise<void> {
    const time = this.#clock.now();
    const samples = await target.read();
    if (this.#targets.has(target)) target.store(this.#db, samples, time);
  }
}

/** Starts scraping at once; call `stop` at the end. */
export function createMetricsStore(options: MetricsStoreOptions): MetricsStore {
  return new Scraper(options);
}
