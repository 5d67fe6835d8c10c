// The Git side of a pass: is there a new commit, and what does it declare? Whatever fails leaves the last good rendering in force.
import type { Application } from '../../api/application.ts';
import { durationMs } from '../../api/fields.ts';
import { RESOURCES } from '../../api/names.ts';
import type { KubeObject } from '../../api/k8s.ts';
import { GitError, type Commit, type GitCredentials, type GitMirror } from '../../git/types.ts';
import { kindsIn, render, type ScopeOf } from './desired.ts';
import { isRecord } from '../../api/json.ts';
import { describeProblem, isManifest, readManifests, type Manifest, type SourceFile } from './manifests.ts';
import type { ApplicationControllerDeps } from '../ports.ts';
import { declaredSets } from '../revert/rollout-set.ts';
import { branchOf, intervalOf, namespaceOf, revisionRef, type AppState, type SourceFailure } from '../state.ts';

const MAX_BACKOFF_MS = 5 * 60_000;
const MAX_PROBLEMS = 5;

type SourceDeps = Pick<ApplicationControllerDeps, 'client' | 'mirrorFor' | 'clock' | 'random' | 'metrics'>;

/** What an Application's manifests are read from; another text means that they must be read anew. */
const fingerprint = (app: Application): string =>
  JSON.stringify([app.spec.source.repoURL, branchOf(app), app.spec.source.path ?? '', namespaceOf(app)]);

/** Looks at the branch when it is time to, and reads what is new. Sets `state.failure` instead of throwing. */
export async function refreshSource(app: Application, state: AppState, deps: SourceDeps): Promise<void> {
  const now = deps.clock.now();
  const changed = state.rendered !== undefined && state.rendered.from !== fingerprint(app);
  if (!changed && now < state.nextPollAt) return rescope(app, state, deps);
  const { hints } = state;
  try {
    const mirror = await mirrorOf(app, deps);
    await poll(app, state, { ...deps, mirror });
    state.failures = 0;
    state.nextPollAt = now + intervalOf(app) * (0.9 + 0.2 * (deps.random ?? Math.random)());
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    state.failures++;
    const wait = Math.min(intervalOf(app) * 2 ** Math.min(state.failures - 1, 10), MAX_BACKOFF_MS);
    state.nextPollAt = now + Math.max(wait, 1000);
    state.failure = failureOf(error);
    await restore(app, state, deps);
  } finally {
    // A hint that came meanwhile may speak of a push that was not seen: it keeps its due look.
    if (state.hints === hints) state.hintedAt = undefined;
    else state.nextPollAt = 0;
  }
}

/** The mirror of an Application's repository, with the credentials of its Secret. */
export async function mirrorOf(app: Application, deps: Pick<SourceDeps, 'client' | 'mirrorFor'>): Promise<GitMirror> {
  const { repoURL, timeout, secretRef } = app.spec.source;
  const timeoutMs = durationMs(timeout ?? '60s') ?? 60_000;
  if (!secretRef) return deps.mirrorFor({ repoURL, timeoutMs });
  const secret = await deps.client.get(RESOURCES.secrets, secretRef.name, app.metadata.namespace);
  if (!secret) throw new GitError('auth', `Secret ${secretRef.name} of spec.source.secretRef does not exist`);
  const credentials = credentialsIn(secret);
  return deps.mirrorFor({ repoURL, timeoutMs, ...(credentials === undefined ? {} : { credentials }) });
}

/** Credentials in a Secret: bearerToken, or username and password; undefined where it has neither. */
export function credentialsIn(secret: KubeObject): GitCredentials | undefined {
  const data = isRecord(secret['data']) ? secret['data'] : {};
  const text = (key: string): string | undefined =>
    typeof data[key] === 'string' ? Buffer.from(data[key], 'base64').toString('utf8').trim() : undefined;
  const bearerToken = text('bearerToken');
  if (bearerToken !== undefined) return { bearerToken };
  const password = text('password');
  return password === undefined ? undefined : { username: text('username') ?? 'git', password };
}

async function poll(app: Application, state: AppState, deps: SourceDeps & { mirror: GitMirror }): Promise<void> {
  const branch = branchOf(app);
  const head = await deps.mirror.head(branch);
  if (head === undefined) throw new GitError('not-found', `there is no branch ${branch}`);
  const target = `${head} ${fingerprint(app)}`;
  if (target === state.attemptedFrom) {
    if (state.failure?.reason !== 'InvalidManifest') state.failure = undefined;
    return;
  }
  const began = deps.clock.now();
  const commit = await deps.mirror.fetch(branch);
  deps.metrics?.fetched?.(state.key, (deps.clock.now() - began) / 1000, true);
  state.attempted = revisionRef(commit, app.spec.source.repoURL);
  state.receivedAt = state.hintedAt ?? began;
  state.failure = await readCommit(app, state, commit, deps);
  state.attemptedFrom = `${commit.oid} ${fingerprint(app)}`;
  if (state.failure) await restore(app, state, deps);
}

/** Renders a commit into the state, or says why it cannot be. */
export async function readCommit(
  app: Application,
  state: AppState,
  commit: Commit,
  deps: SourceDeps & { mirror: GitMirror },
): Promise<SourceFailure | undefined> {
  const path = app.spec.source.path ?? '';
  const entries = (await deps.mirror.files(commit.oid, path)).filter((file) => isManifest(file.path));
  const files: SourceFile[] = [];
  for (const { path: name, oid } of entries) files.push({ path: name, text: await deps.mirror.read(oid) });
  const read = readManifests(files);
  const manifests = read.ok ? read.value.manifests : [];
  const { scopeOf, unknownKinds } = await scopes(manifests, deps);
  const result = read.ok ? render(manifests, namespaceOf(app), scopeOf) : read;
  if (!result.ok) {
    const shown = result.error.slice(0, MAX_PROBLEMS).map((problem) => describeProblem(problem));
    const more = result.error.length - shown.length;
    return { reason: 'InvalidManifest', message: [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join('; ') };
  }
  state.rendered = {
    commit,
    from: fingerprint(app),
    files: new Map(files.map((file) => [file.path, file.text])),
    manifests,
    desired: result.value,
    sets: declaredSets(result.value),
    unknownKinds,
  };
  return undefined;
}

async function scopes(
  manifests: readonly Manifest[],
  deps: Pick<SourceDeps, 'client'>,
): Promise<{ scopeOf: ScopeOf; unknownKinds: boolean }> {
  const known = new Map<string, boolean>();
  let unknownKinds = false;
  for (const { apiVersion, kind } of kindsIn(manifests.map(({ object }) => object))) {
    const resource = await deps.client.resourceFor(apiVersion, kind);
    if (resource) known.set(`${apiVersion} ${kind}`, resource.namespaced);
    else unknownKinds = true;
  }
  return { scopeOf: (apiVersion, kind) => known.get(`${apiVersion} ${kind}`), unknownKinds };
}

/** Without a rendering (a restart while Git is down, or at a bad commit): what was applied last, if the mirror still has it. */
async function restore(app: Application, state: AppState, deps: SourceDeps): Promise<void> {
  const last = state.status.revision?.commit;
  if (state.rendered || last === undefined || state.status.revision?.repo !== app.spec.source.repoURL) return;
  try {
    const mirror = await mirrorOf(app, deps);
    const commit = await mirror.commit(last);
    if (commit) await readCommit(app, state, commit, { ...deps, mirror });
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
  }
}

/** Kinds that were not served before may be by now. */
async function rescope(app: Application, state: AppState, deps: SourceDeps): Promise<void> {
  const { rendered } = state;
  if (!rendered?.unknownKinds) return;
  const { scopeOf, unknownKinds } = await scopes(rendered.manifests, deps);
  const result = render(rendered.manifests, namespaceOf(app), scopeOf);
  if (result.ok)
    state.rendered = { ...rendered, desired: result.value, sets: declaredSets(result.value), unknownKinds };
}

function failureOf(error: GitError): SourceFailure {
  const { message } = error;
  if (error.kind === 'auth') return { reason: 'AuthFailed', message };
  if (error.kind === 'not-found') return { reason: 'SourceNotFound', message };
  if (error.kind === 'rejected') return { reason: 'InvalidManifest', message };
  if (error.kind === 'too-large') return { reason: 'SourceTooLarge', message };
  return { reason: 'GitUnreachable', message };
}
