// The metrics store: scrapes its targets by the clock into memory and answers Prometheus' HTTP API.
import type { Cancel, Clock } from '../clock.ts';
import type { HttpRequest, HttpResponse } from '../transport.ts';
import type { Listening } from '../apiserver/listener.ts';
import { listenOn } from '../apiserver/listener.ts';
import { evaluate } from './evaluate.ts';
import { parseExposition } from './exposition.ts';
import type { ExposedSample } from './exposition.ts';
import { answerApi } from './http-api.ts';
import { labelsKey, labelsOf, METRIC_NAME } from './labels.ts';
import type { Labels } from './labels.ts';
import { parseQuery } from './promql-parse.ts';
import { STALE, Tsdb } from './tsdb.ts';
import type { Value } from './value.ts';

export interface Target {
  job: string;
  instance: string;
  /** The target's metrics in the text format; throwing makes the target `down`. */
  scrape(): string | Promise<string>;
}

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

interface Scraped {
  target: Target;
  /** Series of the last scrape, to mark those stale that are gone in the next one. */
  last: Map<string, Labels>;
}

class Scraper implements MetricsStore {
  readonly #clock: Clock;
  readonly #db: Tsdb;
  readonly #intervalMs: number;
  readonly #targets = new Set<Scraped>();
  #cancel: Cancel;

  constructor(options: MetricsStoreOptions) {
    this.#clock = options.clock;
    this.#intervalMs = options.scrapeIntervalMs ?? 1000;
    this.#db = new Tsdb(options.retentionMs ?? 3_600_000);
    this.#cancel = this.#arm();
  }

  addTarget(target: Target): () => void {
    const scraped: Scraped = { target, last: new Map() };
    this.#targets.add(scraped);
    return () => {
      if (this.#targets.delete(scraped)) this.#store(scraped, new Map(), this.#clock.now());
    };
  }

  append(labels: Record<string, string>, value: number, time = this.#clock.now()): boolean {
    return this.#db.append(labelsOf(labels), time, value);
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

  async #scrape(scraped: Scraped): Promise<void> {
    const time = this.#clock.now();
    const samples = await readTarget(scraped.target);
    if (!this.#targets.has(scraped)) return;
    const { job, instance } = scraped.target;
    const found = new Map<string, { labels: Labels; value: number; time?: number }>();
    const put = (sample: ExposedSample): void => {
      const labels = targetLabels(sample.labels, job, instance);
      found.set(labelsKey(labels), { ...sample, labels });
    };
    samples?.forEach(put);
    put({ labels: labelsOf({ [METRIC_NAME]: 'up' }), value: samples === undefined ? 0 : 1 });
    this.#store(scraped, found, time);
  }

  #store(scraped: Scraped, found: Map<string, { labels: Labels; value: number; time?: number }>, time: number): void {
    for (const [key, labels] of scraped.last) if (!found.has(key)) this.#db.append(labels, time, STALE);
    for (const sample of found.values()) this.#db.append(sample.labels, sample.time ?? time, sample.value);
    scraped.last = new Map([...found].map(([key, sample]) => [key, sample.labels]));
  }
}

/** Undefined when the target cannot be read: it is down then, as any unreachable target is. */
async function readTarget(target: Target): Promise<ExposedSample[] | undefined> {
  try {
    return parseExposition(await target.scrape());
  } catch {
    return undefined;
  }
}

/** A target's own `job` and `instance` give way, as with Prometheus' `honor_labels: false`. */
function targetLabels(labels: Labels, job: string, instance: string): Labels {
  const moved = [...labels].map(([name, value]): [string, string] =>
    name === 'job' || name === 'instance' ? [`exported_${name}`, value] : [name, value],
  );
  return labelsOf([...moved, ['job', job], ['instance', instance]]);
}

/** Starts scraping at once; call `stop` at the end. */
export function createMetricsStore(options: MetricsStoreOptions): MetricsStore {
  return new Scraper(options);
}
