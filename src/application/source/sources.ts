// The repositories of the Applications: looks at branches when it is time to, and reads what is new. Nothing waits for it: a look is under
// way or it is over, and its end is an event. Whatever fails leaves the last good content in force.
import { MIN_LOOK_MS, revisionOf, type Application } from '../../api/application.ts';
import { durationMs } from '../../api/fields.ts';
import { qualifiedName, type ObjectKey } from '../../api/object-key.ts';
import type { RevisionRef } from '../../api/revision.ts';
import { targetRevision } from '../../api/target-revision.ts';
import type { Clock } from '../../ports/clock.ts';
import type {
  ReadCommitRequest,
  Repository,
  SourceContent,
  SourceFailure,
  SourceReader,
  SourceResult,
} from '../../ports/source-reader.ts';
import type { AgentMetrics } from '../ports.ts';
import { revisionRef } from '../revision.ts';
import type { ClusterFacts, RenderOptions } from '../../ports/rendering.ts';
import { renderOptionsOf } from './render-options.ts';

export interface SourcesDeps {
  reader: SourceReader;
  clock: Clock;
  /** In [0, 1), for jitter. */
  random: () => number;
  metrics?: AgentMetrics | undefined;
  /** The repository of an Application with the credentials of its Secret; a failure where it must not, or cannot, be asked. */
  repositoryOf: (app: Application) => Promise<SourceResult<Repository>>;
  /** What the cluster says of itself, from memory: the same value as long as nothing has changed. Default: nothing. */
  clusterFacts?: (() => Promise<ClusterFacts>) | undefined;
  /** A look is over. */
  changed: (key: ObjectKey) => void;
}

/** What is known of one Application's repository. */
export interface SourceState {
  content: SourceContent | undefined;
  /** Source that the content was read with. */
  from: string | undefined;
  receivedAt: number | undefined;
  /** When the look began by which the content was read; milliseconds since the epoch, 0: there is none. */
  readAt: number;
  /** When the last look began that is over, 0: none is. */
  lookedAt: number;
  failure: SourceFailure | undefined;
  attempted: RevisionRef | undefined;
  nextPollAt: number;
  busy: boolean;
  /** Looks that were begun; the number of the last one that told what the branch is at, 0: none did. */
  begun: number;
  told: number;
  earlier: ReadonlyMap<string, SourceContent | null>;
}

interface Source extends SourceState {
  uid: string | undefined;
  earlier: Map<string, SourceContent | null>;
  /** Commits that were asked for since the last look at the branch. */
  asked: Set<string>;
  failures: number;
  attemptedFrom: string | undefined;
  /** What the cluster said of itself when the newest commit was read. */
  attemptedWith: RenderOptions['cluster'];
  /** Whose signatures counted then. */
  attemptedBy: string;
  /** Counts hints, so that one that comes during a look is not lost. */
  hints: number;
  hintedAt: number | undefined;
  stop: AbortController;
}

const MAX_BACKOFF_MS = 5 * 60_000;
/** Share of the interval by which a look may come earlier or later. */
const JITTER = 0.1;
/** Earlier commits that are kept in memory. */
const MAX_EARLIER = 4;
const ON_THE_WAY: ReadonlySet<string> = new Set(['GitUnreachable', 'AuthFailed', 'Cancelled']);

/** Milliseconds between looks. */
export const intervalOf = (app: Application): number =>
  Math.max(durationMs(app.spec.source.interval ?? '30s') ?? 30_000, MIN_LOOK_MS);

/** What an Application's manifests are read from; another text means that they must be read anew. */
export const sourceOf = (app: Application): string => {
  const { path = '', exclude = [], repoURL } = app.spec.source;
  return JSON.stringify([repoURL, revisionOf(app), path, exclude, renderOptionsOf(app)]);
};

export class Sources {
  readonly #deps: SourcesDeps;
  readonly #sources = new Map<ObjectKey, Source>();

  constructor(deps: SourcesDeps) {
    this.#deps = deps;
  }

  /** What is known now; a spec that names another source is read anew. */
  state(key: ObjectKey, app: Application): SourceState {
    const source = this.#of(key, app);
    if (source.from !== undefined && source.from !== sourceOf(app)) {
      source.nextPollAt = 0;
      source.from = undefined;
    }
    // A shorter interval counts at once.
    if (source.failures === 0 && source.lookedAt > 0)
      source.nextPollAt = Math.min(source.nextPollAt, source.lookedAt + intervalOf(app) * (1 + JITTER));
    return source;
  }

  /** Looks at the branch, unless a look is under way. */
  poll(key: ObjectKey, app: Application): void {
    const source = this.#of(key, app);
    if (source.busy) return;
    source.busy = true;
    void this.#look(source, app).finally(() => {
      source.busy = false;
      if (!source.stop.signal.aborted) this.#deps.changed(key);
    });
  }

  /** Reads a commit that was fetched earlier. */
  readBack(key: ObjectKey, app: Application, commit: string): void {
    const source = this.#of(key, app);
    if (source.asked.has(commit)) return;
    source.asked.add(commit);
    void this.#earlier(source, app, commit).finally(() => {
      if (!source.stop.signal.aborted) this.#deps.changed(key);
    });
  }

  /** A push was announced: the next look is due at once. Milliseconds since the epoch. */
  hint(key: ObjectKey, app: Application, receivedAt: number): void {
    const source = this.#of(key, app);
    this.#deps.reader.expect?.();
    source.nextPollAt = 0;
    source.hints++;
    source.hintedAt = Math.min(receivedAt, source.hintedAt ?? receivedAt);
  }

  /** Somebody asks: the next look is due at once, and reads what is there although it was read before. */
  refresh(key: ObjectKey, app: Application): void {
    this.#of(key, app).attemptedFrom = undefined;
    this.hint(key, app, this.#deps.clock.now());
  }

  /** The branch is looked at again at that time at the latest. */
  pollBy(key: ObjectKey, at: number): void {
    const source = this.#sources.get(key);
    if (source) source.nextPollAt = Math.min(source.nextPollAt, at);
  }

  /** The Application is gone; what is under way for it ends. */
  forget(key: ObjectKey): void {
    this.#sources.get(key)?.stop.abort(new Error('the Application is gone'));
    this.#sources.delete(key);
  }

  close(): void {
    for (const key of Array.from(this.#sources.keys())) this.forget(key);
  }

  /** Of this very object; one that was deleted and made anew starts afresh. */
  #of(key: ObjectKey, app: Application): Source {
    const known = this.#sources.get(key);
    if (known && known.uid === app.metadata.uid) return known;
    if (known) this.forget(key);
    const source = fresh(app.metadata.uid);
    this.#sources.set(key, source);
    return source;
  }

  async #look(source: Source, app: Application): Promise<void> {
    const { clock } = this.#deps;
    const began = clock.now();
    const { hints, content: before } = source;
    const number = ++source.begun;
    const result = await this.#poll(source, app).catch(unreadable);
    if (source.stop.signal.aborted) return;
    source.lookedAt = began;
    source.asked.clear();
    if (result.ok && source.content !== before) {
      source.readAt = began;
      source.earlier.clear(); // the mirror may hold more by now, or another path is meant
    }
    const name = qualifiedName(app.metadata);
    this.#deps.metrics?.fetched?.(name, (clock.now() - began) / 1000, result.ok);
    if (result.ok) {
      source.failures = 0;
      source.told = number;
      source.failure = result.value;
      source.nextPollAt = began + intervalOf(app) * (1 + JITTER * (2 * this.#deps.random() - 1));
      this.#deps.metrics?.looked?.(name, clock.now());
    } else {
      source.failures++;
      source.failure = result.error;
      source.nextPollAt = clock.now() + waitAfter(result.error, source.failures, intervalOf(app));
    }
    // A hint that came meanwhile may speak of a push that was not seen: it keeps its due look.
    if (source.hints === hints) source.hintedAt = undefined;
    else source.nextPollAt = 0;
  }

  /** The value is what is wrong with the newest commit, if anything; it is not read again and again. */
  async #poll(source: Source, app: Application): Promise<SourceResult<SourceFailure | undefined>> {
    const { reader, repositoryOf, clock } = this.#deps;
    const repository = await repositoryOf(app);
    if (!repository.ok) return repository;
    const revision = revisionOf(app);
    const head = await reader.head({ ...repository.value, revision }, source.stop.signal);
    if (!head.ok) return head;
    if (head.value === undefined) {
      const message = `${targetRevision(revision).missing} in ${app.spec.source.repoURL}`;
      return { ok: false, error: { reason: 'SourceNotFound', message } };
    }
    const isKnown = isRead(head.value, source, app) && source.attemptedBy === signersOf(repository.value);
    // The API server is asked nothing for a source that is neither new nor told anything of the cluster.
    if (isKnown && !isTold(source)) return { ok: true, value: ofManifests(source.failure) };
    const cluster = await this.#cluster();
    if (isKnown && !isOutdated(source, cluster)) return { ok: true, value: ofManifests(source.failure) };
    return this.#read({ repository: repository.value, head: head.value, at: clock.now(), cluster }, source, app);
  }

  async #read(
    {
      repository,
      head,
      at,
      cluster,
    }: { repository: Repository; head: string; at: number; cluster: RenderOptions['cluster'] },
    source: Source,
    app: Application,
  ): Promise<SourceResult<SourceFailure | undefined>> {
    const from = sourceOf(app);
    const receivedAt = source.hintedAt ?? at;
    const request = { ...repository, revision: revisionOf(app), ...placeOf(app, cluster), head };
    const read = await this.#deps.reader.read(request, source.stop.signal);
    const commit = read.ok ? read.value.commit : read.error.commit;
    if (commit) {
      source.attempted = revisionRef(commit, app.spec.source.repoURL);
      source.attemptedFrom = `${commit.oid} ${from}`;
      source.attemptedWith = cluster;
      source.attemptedBy = signersOf(repository);
    }
    if (!read.ok) return ofManifests(read.error) ? { ok: true, value: read.error } : read;
    Object.assign(source, { content: read.value, from, receivedAt });
    return { ok: true, value: undefined };
  }

  /** Only a chart needs it: for what else is declared it is no failure that the cluster does not tell. */
  async #cluster(): Promise<RenderOptions['cluster']> {
    try {
      return await this.#deps.clusterFacts?.();
    } catch (error) {
      return { unknown: error instanceof Error ? error.message : String(error) };
    }
  }

  async #earlier(source: Source, app: Application, commit: string): Promise<void> {
    const { reader, repositoryOf } = this.#deps;
    const request = { commit, ...placeOf(app, await this.#cluster()) };
    const read = await repositoryOf(app)
      .then((found) => (found.ok ? reader.readCommit({ ...found.value, ...request }, source.stop.signal) : found))
      .catch(unreadable);
    // What went wrong on the way says nothing of the commit: it is asked for again after the next look.
    if (!read.ok && ON_THE_WAY.has(read.error.reason)) return;
    const kept = [...source.earlier].filter(([, content]) => content !== null);
    const [oldest] = kept;
    // It has been looked at; to forget it wholly would have it read again and again.
    if (kept.length >= MAX_EARLIER && oldest) source.earlier.set(oldest[0], null);
    source.earlier.set(commit, read.ok ? (read.value ?? null) : null);
  }
}

/** Where the manifests are, and what they are rendered with. */
const placeOf = (
  app: Application,
  cluster: RenderOptions['cluster'],
): Pick<ReadCommitRequest, 'path' | 'exclude' | 'render'> => ({
  path: app.spec.source.path ?? '',
  exclude: app.spec.source.exclude,
  render: { ...renderOptionsOf(app), ...(cluster === undefined ? {} : { cluster }) },
});

/** Whose signatures count, as a text to compare. */
const signersOf = ({ verify }: Repository): string => (verify === undefined ? '' : JSON.stringify(verify));

/** This very commit was read, or found wanting, with this very source. */
const isRead = (head: string, source: Source, app: Application): boolean =>
  source.attemptedFrom === `${head} ${sourceOf(app)}` &&
  (source.from === sourceOf(app) || ofManifests(source.failure) !== undefined);

/** A chart, or what could not be rendered and may be one. */
const isTold = (source: Source): boolean =>
  source.content?.rendered?.tool === 'Helm' || ofManifests(source.failure) !== undefined;

/** What it was told of the cluster is not what that says now. */
const isOutdated = (source: Source, cluster: RenderOptions['cluster']): boolean =>
  cluster !== undefined && 'version' in cluster && source.attemptedWith !== cluster;

/** What was too large is not read again before its time; whether the branch has moved on is asked as ever. */
function waitAfter({ reason, retryAfterMs = 0 }: SourceFailure, failures: number, interval: number): number {
  if (reason === 'SourceTooLarge') return interval;
  return Math.max(Math.min(interval * 2 ** Math.min(failures - 1, 10), MAX_BACKOFF_MS), 1_000, retryAfterMs);
}

/** A failure that only another commit can mend. */
const ofManifests = (failure: SourceFailure | undefined): SourceFailure | undefined =>
  failure?.reason === 'InvalidManifest' ? failure : undefined;

/** Whatever else goes wrong, such as an API server that does not answer for a Secret, is a failed look like any other. */
const unreadable = (error: unknown): { ok: false; error: SourceFailure } => ({
  ok: false,
  error: { reason: 'GitUnreachable', message: error instanceof Error ? error.message : String(error) },
});

const fresh = (uid: string | undefined): Source => ({
  uid,
  content: undefined,
  from: undefined,
  receivedAt: undefined,
  readAt: 0,
  lookedAt: 0,
  failure: undefined,
  attempted: undefined,
  nextPollAt: 0,
  busy: false,
  begun: 0,
  told: 0,
  earlier: new Map(),
  asked: new Set(),
  failures: 0,
  attemptedFrom: undefined,
  attemptedWith: undefined,
  attemptedBy: '',
  hints: 0,
  hintedAt: undefined,
  stop: new AbortController(),
});
