// The port's front: whatever does the work behind it, here each repository has one turn at a time, time limits are held, and what was
// too large is not tried again before its time.
import { fail } from '../api/result.ts';
import type { Clock } from '../ports/clock.ts';
import type {
  HeadRequest,
  ReadRequest,
  Repository,
  SourceFailure,
  SourceReader,
  SourceResult,
} from '../ports/source-reader.ts';
import { FairSlots, type Turn } from './fair-slots.ts';
import type { Job } from './jobs.ts';

export interface Work {
  timeoutMs: number;
  signal: AbortSignal;
}

/** What does the work. Both resolve soon after the signal is aborted. */
export interface Backend {
  head(request: HeadRequest, work: Work): Promise<SourceResult<string | undefined>>;
  perform(job: Job, work: Work): Promise<SourceResult<unknown>>;
  expect?(): void;
  close(): Promise<void>;
}

export interface ReaderOptions {
  clock: Clock;
  backend: Backend;
  /** Jobs at a time. Default 2. */
  slots?: number | undefined;
  /** Listings of references at a time. Default 24. */
  listings?: number | undefined;
  /** As FairSlots. Default 10 s. */
  patienceMs?: number | undefined;
}

const TIMEOUT = { default: 60_000, min: 1_000, max: 300_000 };
const RETRY = { first: 60_000, longest: 3_600_000 };
const REMEMBERED = 1_000;

/** A time limit as it is held: between one second and five minutes. Default one minute. */
export const heldTimeout = (ms: number | undefined): number =>
  Math.min(Math.max(ms ?? TIMEOUT.default, TIMEOUT.min), TIMEOUT.max);

/** A repository's identity: its URL and the credentials it is read with. How long one waits is no part of it. */
const repositoryKey = ({ repoURL, credentials }: Repository): string =>
  JSON.stringify([repoURL.replace(/\/+$/, ''), credentials ?? null]);

/** To open a key with a passphrase takes time on purpose: not in the process that lists references. */
const isLocked = ({ credentials }: Repository): boolean =>
  credentials !== undefined && 'passphrase' in credentials && credentials.passphrase !== undefined;

export function createSourceReader(options: ReaderOptions): SourceReader {
  return new Reader(options);
}

class Reader implements SourceReader {
  readonly #backend: Backend;
  readonly #jobs: FairSlots;
  readonly #listings: FairSlots;
  readonly #tooLarge: TooLarge;
  readonly #closing = new AbortController();

  constructor({ clock, backend, slots = 2, listings = 24, patienceMs }: ReaderOptions) {
    this.#backend = backend;
    this.#jobs = new FairSlots({ clock, slots, patienceMs });
    this.#listings = new FairSlots({ clock, slots: listings, patienceMs });
    this.#tooLarge = new TooLarge(clock);
  }

  head(request: HeadRequest, signal: AbortSignal): Promise<SourceResult<string | undefined>> {
    if (isLocked(request)) return this.#job({ op: 'head', request }, signal) as ReturnType<SourceReader['head']>;
    // Listings touch nothing that is kept: those of one repository need not wait for each other's references.
    const source = `${repositoryKey(request)} ${request.revision}`;
    return this.#turn(this.#listings, source, request, signal, (work) => this.#backend.head(request, work));
  }

  async read(request: ReadRequest, signal: AbortSignal): ReturnType<SourceReader['read']> {
    const known = this.#tooLarge.find(request);
    if (known) return fail(known);
    const result = await this.#job({ op: 'read', request }, signal);
    if (result.ok) this.#tooLarge.forget(request);
    else if (result.error.reason === 'SourceTooLarge') return fail(this.#tooLarge.keep(request, result.error));
    return result as Awaited<ReturnType<SourceReader['read']>>;
  }

  readonly readCommit: SourceReader['readCommit'] = (request, signal) =>
    this.#job({ op: 'readCommit', request }, signal) as ReturnType<SourceReader['readCommit']>;
  readonly commitFiles: SourceReader['commitFiles'] = (request, signal) =>
    this.#job({ op: 'commitFiles', request }, signal) as ReturnType<SourceReader['commitFiles']>;
  readonly addNotes: SourceReader['addNotes'] = (request, signal) =>
    this.#job({ op: 'addNotes', request }, signal) as ReturnType<SourceReader['addNotes']>;

  expect(): void {
    this.#backend.expect?.();
  }

  close(): Promise<void> {
    this.#closing.abort();
    return this.#backend.close();
  }

  #job(job: Job, signal: AbortSignal): Promise<SourceResult<unknown>> {
    const { request } = job;
    return this.#turn(this.#jobs, repositoryKey(request), request, signal, (work) => this.#backend.perform(job, work));
  }

  // oxlint-disable-next-line max-params -- the five are one call
  async #turn<T>(
    slots: FairSlots,
    source: string,
    { timeoutMs: asked }: Repository,
    signal: AbortSignal,
    run: (work: Work) => Promise<SourceResult<T>>,
  ): Promise<SourceResult<T>> {
    const timeoutMs = heldTimeout(asked);
    const turn = await slots.take<SourceResult<T>>({
      source,
      signal: AbortSignal.any([signal, this.#closing.signal]),
      run: (ending) => run({ timeoutMs, signal: ending }),
      failed: (result) => !result.ok && isTrouble(result.error),
    });
    return resultOf(turn);
  }
}

/** Failures that cost others time. */
const isTrouble = ({ reason, limit }: SourceFailure): boolean =>
  reason === 'GitUnreachable' ||
  reason === 'ReaderKilled' ||
  reason === 'Cancelled' ||
  limit === 'memory' ||
  limit === 'time';

function resultOf<T>(turn: Turn<SourceResult<T>>): SourceResult<T> {
  if (turn.ended === 'done') return turn.value;
  if (turn.ended === 'cancelled') return fail({ reason: 'Cancelled', message: 'nobody waits for it any more' });
  const seconds = Math.round(turn.afterMs / 1000);
  const message = `gave way to other repositories after ${seconds} s without an end; it is given more time the next time`;
  return fail({ reason: 'GitUnreachable', message });
}

/** What was too large, and when it is worth another try. */
class TooLarge {
  readonly #clock: Clock;
  readonly #known = new Map<string, { failure: SourceFailure; until: number; times: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  find(request: ReadRequest): SourceFailure | undefined {
    const known = this.#known.get(keyOf(request));
    const left = (known?.until ?? 0) - this.#clock.now();
    return known && left > 0 ? { ...known.failure, retryAfterMs: left } : undefined;
  }

  keep(request: ReadRequest, failure: SourceFailure): SourceFailure {
    const key = keyOf(request);
    const times = this.#known.get(key)?.times ?? 0;
    const wait = Math.min(RETRY.first * 2 ** times, RETRY.longest);
    this.#known.delete(key);
    this.#known.set(key, { failure, until: this.#clock.now() + wait, times: times + 1 });
    for (const [oldest] of this.#known) {
      if (this.#known.size <= REMEMBERED) break;
      this.#known.delete(oldest);
    }
    return { ...failure, retryAfterMs: wait };
  }

  forget(request: ReadRequest): void {
    this.#known.delete(keyOf(request));
  }
}

const keyOf = (request: ReadRequest): string => {
  const { revision, path, exclude = [], head = '' } = request;
  return JSON.stringify([repositoryKey(request), revision, path, exclude, head]);
};
