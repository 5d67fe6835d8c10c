// The files of a Rollout, and of what it depends on, as they were at an earlier commit: by the very plan by which the agent restores what was
// rejected, so that neighbours in the same files stay as they are.
import type { Application } from '../../api/application.ts';
import type { Rollout } from '../../api/rollout.ts';
import { objectKeyOf } from '../../api/object-key.ts';
import { shortCommit } from '../../api/revision.ts';
import { revertMessage } from '../../application/report/revert-message.ts';
import type { RolloutSet } from '../../application/revert/rollout-set.ts';
import { takeSnapshot } from '../../application/revert/snapshot.ts';
import { restoreFiles } from '../../application/revert/write-back.ts';
import { revisionRef } from '../../application/revision.ts';
import type { Declared } from '../../application/seen.ts';
import { kindsIn, render } from '../../application/source/render.ts';
import { tenancyOf } from '../../application/source/tenancy.ts';
import type { LocalRepository } from '../../git/local.ts';
import { GitError, type GitMirror } from '../../git/types.ts';
import type { KubeClient } from '../../kube/types.ts';
import { SOURCE_LIMITS } from '../../ports/source-budget.ts';
import type { SourceContent } from '../../ports/source-reader.ts';
import { perform } from '../../source/jobs.ts';
import { rendererOf } from '../../source/render/renderers.ts';

export interface RestoreRequest {
  rollout: Rollout;
  app: Application;
  repository: LocalRepository;
  client: Pick<KubeClient, 'resourceFor'>;
  /** Full ids: what is built on, and what is gone back to. */
  head: string;
  to: string;
  /** Who asks. */
  by: string;
  /** RFC 3339. */
  now: string;
}

export interface Restoration {
  /** New text by path; null: the file goes. Empty: the files say it already. */
  changes: Map<string, string | null>;
  message: string;
}

/** What to commit. Rejects with clear words where it cannot be restored. */
export async function restoration(request: RestoreRequest): Promise<Restoration> {
  const { rollout, app, head, to, by, now } = request;
  await refuseRendered(request);
  const [declared, before] = [await declaredAt(head, request), await declaredAt(to, request)];
  const key = objectKeyOf({ ...rollout, metadata: rollout.metadata });
  const [set, stable] = [declared.sets.get(key), before.sets.get(key)];
  const name = `${rollout.metadata.namespace ?? ''}/${rollout.metadata.name}`;
  const where = app.spec.source.path === undefined ? '' : ` below ${app.spec.source.path}`;
  if (stable === undefined) throw new Error(`${shortCommit(to)} does not declare Rollout ${name}${where}`);
  if (set === undefined)
    throw new Error(`${shortCommit(head)}, the newest commit here, does not declare Rollout ${name}${where} any more`);
  const { repoURL } = app.spec.source;
  const [rejected, back] = [revisionRef(declared.commit, repoURL), revisionRef(before.commit, repoURL)];
  const hold = {
    rollout: { namespace: rollout.metadata.namespace ?? '', name: rollout.metadata.name },
    rejected,
    stable: back,
    contentHash: set.hash,
    objects: set.members.map(({ ref, hash }) => ({ ...ref, hash })),
    reason: `rolled back by ${by}`,
    since: now,
  };
  const restored = restoreFiles({
    targets: [{ hold, snapshot: snapshotOf(stable, before, back) }],
    desired: declared.desired,
    files: declared.files,
    sourcePath: app.spec.source.path ?? '',
  });
  const [failed] = restored.failed;
  if (failed) throw new Error(`${name} cannot be restored without touching something else: ${failed.message}`);
  const message = revertMessage([{ hold, evidence: '', isAsked: true }], [...restored.changes.keys()]);
  return { changes: restored.changes, message };
}

const snapshotOf = (set: RolloutSet, { desired }: Declared, revision: ReturnType<typeof revisionRef>) =>
  takeSnapshot(set, new Map(desired.map((object) => [object.key, object])), revision);

/** What a commit declares, as the agent reads it. */
async function declaredAt(commit: string, { app, repository, client }: RestoreRequest): Promise<Declared> {
  const { path = '', exclude, repoURL } = app.spec.source;
  const request = { repoURL, commit, path, exclude };
  const context = { mirror: readOnly(repository), limits: SOURCE_LIMITS, call: {} };
  const read = await perform({ op: 'readCommit', request }, context);
  if (!read.ok) throw new Error(`${shortCommit(commit)} cannot be read: ${read.error.message}`);
  const content = read.value as SourceContent;
  const namespace = app.spec.destination?.namespace ?? app.metadata.namespace ?? 'default';
  const scopes = new Map<string, boolean | undefined>();
  for (const { apiVersion, kind } of kindsIn(content.manifests))
    scopes.set(`${apiVersion} ${kind}`, (await client.resourceFor(apiVersion, kind))?.namespaced);
  return render(content, {
    namespace,
    tenancy: tenancyOf(app, { clusterApplications: [], crossNamespaceRoutes: [] }),
    scopeOf: (apiVersion, kind) => scopes.get(`${apiVersion} ${kind}`),
    skipMissingKinds: true,
    source: '',
    receivedAt: undefined,
  });
}

/** A repository on this disk where a mirror is asked for: nothing is fetched, and nothing pushed. */
function readOnly(repository: LocalRepository): GitMirror {
  const refuse = (): Promise<never> => Promise.reject(new GitError('rejected', 'it is only read'));
  return {
    head: refuse,
    fetch: refuse,
    commitFiles: refuse,
    addNotes: refuse,
    signed: refuse,
    commit: (oid) => repository.commit(oid),
    tree: (oid) => repository.tree(oid),
    blob: (oid) => repository.blob(oid),
    files: (commit, path) => repository.files(commit, path),
    read: (oid) => repository.read(oid),
  };
}

const SHOWN = 10;

/** What was printed by a tool is in no file: which of its inputs has to change is for a person to say. */
async function refuseRendered({ app, repository, head, to }: RestoreRequest): Promise<void> {
  const path = (app.spec.source.path ?? '').replace(/^\.?\/*|\/+$/g, '');
  const [now, before] = [await filesIn(head, path, repository), await filesIn(to, path, repository)];
  const names = [...now.keys()]
    .map((file) => file.slice(path === '' ? 0 : path.length + 1))
    .filter((file) => !file.includes('/'));
  const renderer = rendererOf(names);
  if (renderer === undefined && app.spec.source.helm === undefined) return;
  const tool = renderer?.tool ?? 'Helm';
  const changed = [...new Set([...now.keys(), ...before.keys()])]
    .filter((file) => now.get(file) !== before.get(file))
    .sort();
  const more = changed.length > SHOWN ? ` and ${changed.length - SHOWN} more` : '';
  const which =
    changed.length === 0
      ? 'nothing below the path, so something that it refers to'
      : `${changed.slice(0, SHOWN).join(', ')}${more}`;
  throw new Error(
    `the manifests are rendered by ${tool}, whose input is not changed for you. Changed since ${shortCommit(to)}: ${which}`,
  );
}

const filesIn = async (
  commit: string,
  path: string,
  repository: LocalRepository,
): Promise<ReadonlyMap<string, string>> =>
  new Map((await repository.files(commit, path)).map((file) => [file.path, file.oid]));
