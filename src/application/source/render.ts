// From what a commit says to what it declares: each object in its namespace, with its content hash, and what speaks against it.
import { dialect, type Group } from '../../api/dialect.ts';
import type { KubeObject } from '../../api/k8s.ts';
import { GROUP, RESOURCES } from '../../api/names.ts';
import { nameOf, objectKey, refOf, splitApiVersion } from '../../api/object-key.ts';
import { branchOfRef } from '../../api/target-revision.ts';
import type { Manifest, SourceContent } from '../../ports/source-reader.ts';
import { declaredSets } from '../revert/rollout-set.ts';
import type { Declared } from '../seen.ts';
import { readHook, hookWave, type HookTerms } from '../sync/hooks/terms.ts';
import { contentHash, setHash } from './content-hash.ts';
import { definitionsIn, type Definitions } from './definitions.ts';
import type { DeclaredHook, DesiredObject } from './desired.ts';
import type { Problem } from './manifests.ts';
import { tenancyProblems, type Tenancy } from './tenancy.ts';
import { waveObjection } from '../sync/waves.ts';

/** Whether a kind lives in namespaces; undefined when the server does not serve the kind. */
export type ScopeOf = (apiVersion: string, kind: string) => boolean | undefined;

export interface RenderContext {
  /** For objects that name none. */
  namespace: string;
  tenancy: Tenancy;
  scopeOf: ScopeOf;
  skipMissingKinds: boolean;
  /** What the content was read with. */
  source: string;
  receivedAt: number | undefined;
}

/** The kinds that a commit names, each once. */
export function kindsIn(manifests: readonly Manifest[]): { apiVersion: string; kind: string }[] {
  const kinds = new Map(
    manifests.map(({ object: { apiVersion, kind } }) => [`${apiVersion} ${kind}`, { apiVersion, kind }]),
  );
  return [...kinds.values()];
}

/** What the content of a commit declares for an Application, with what speaks against it. */
export function render(content: SourceContent, context: RenderContext): Declared {
  const brought = definitionsIn(content.manifests);
  const found: Found = { problems: [], desired: [], hooks: [], leftOut: [], unapplied: [] };
  for (const manifest of content.manifests) take(manifest, brought, context, found);
  const { problems, desired, hooks, leftOut, unapplied } = found;
  const skipped = content.skipped.map(({ path }) => path);
  const all = [...desired, ...hooks];
  problems.push(...twice(all), ...tenancyProblems(all, context.tenancy), ...unordered(all), ...nameless(desired));
  return {
    commit: content.commit,
    branch: content.ref === undefined ? undefined : branchOfRef(content.ref),
    id: `${content.commit.oid} ${context.source} ${JSON.stringify(context.tenancy)}`,
    rendered: content.rendered,
    signature: content.signature,
    files: content.files,
    desired,
    hooks,
    content: hooks.length === 0 ? '' : setHash(all),
    leftOut,
    keys: new Set([...all, ...unapplied].map(({ key }) => key)),
    sets: declaredSets(desired),
    problems,
    skipped,
    defines: brought,
    namespaces: new Set(
      desired.filter(({ ref }) => ref.kind === 'Namespace' && ref.group === '').map(({ ref }) => ref.name),
    ),
    receivedAt: context.receivedAt,
  };
}

interface Found {
  problems: Problem[];
  desired: DesiredObject[];
  hooks: DeclaredHook[];
  /** Why objects are not applied. */
  leftOut: string[];
  /** These objects. */
  unapplied: DesiredObject[];
}

// oxlint-disable-next-line max-params -- one manifest, what it is read by, and where it goes
function take(manifest: Manifest, brought: Definitions, context: RenderContext, found: Found): void {
  const scope = scopeOf(manifest.object, brought, context);
  if (scope === undefined && context.skipMissingKinds) return;
  const reading = readHook(manifest.object);
  const object = placed(manifest, scope ?? true, context);
  if (reading !== undefined && 'leftOut' in reading) return leaveOut(object, reading.leftOut, found);
  if (scope === undefined) found.problems.push(missingKind(manifest));
  if (reading === undefined) found.desired.push(object);
  else if ('hook' in reading) found.hooks.push(asHook(object, reading.hook));
  else found.problems.push(problemWith(object, reading.objection));
}

function leaveOut(object: DesiredObject, why: string, found: Found): void {
  found.unapplied.push(object);
  if (why !== '') found.leftOut.push(`${nameOf(object.ref)} (${why})`);
}

/** One whose runs have names of their own is told from others by its content. */
function asHook(object: DesiredObject, terms: HookTerms): DeclaredHook {
  const { name, generateName } = object.object.metadata;
  const wave = hookWave(object.object);
  if (name !== '' || generateName === undefined) return { ...object, ...terms, wave, generateName: undefined };
  const ref = { ...object.ref, name: `${generateName}${object.hash}` };
  return { ...object, ...terms, wave, generateName, ref, key: objectKey(ref) };
}

function problemWith({ ref, source: { path, line } }: DesiredObject, message: string): Problem {
  return { path, line, message: `${nameOf(ref)}: ${message}` };
}

/** The scope of a kind comes from the server, or from the definition in the same commit; it is never guessed. */
function scopeOf(object: KubeObject, brought: Definitions, context: RenderContext): boolean | undefined {
  const [group] = splitApiVersion(object.apiVersion);
  return context.scopeOf(object.apiVersion, object.kind) ?? brought.get(`${group}/${object.kind}`)?.namespaced;
}

function placed({ object, source }: Manifest, namespaced: boolean, context: RenderContext): DesiredObject {
  const { namespace: own, ...metadata } = object.metadata;
  const place = namespaced ? { namespace: own ?? context.namespace } : {};
  const inPlace = { ...object, metadata: { ...metadata, ...place } };
  const ref = refOf(inPlace);
  return { key: objectKey(ref), ref, object: inPlace, namespaced, hash: contentHash(inPlace), source };
}

function missingKind({ object, source }: Manifest): Problem {
  const { apiVersion, kind } = object;
  const instead = isOwnElsewhere(object)
    ? `; Sluice's own is ${dialect(GROUP).apiVersion}: change the group`
    : ': install its definition, or put it into the same commit; sync.options: [SkipMissingKinds] leaves such objects out';
  return {
    path: source.path,
    line: source.line,
    message: `the cluster does not serve ${kind} of ${apiVersion}${instead}`,
  };
}

const ARGO_ROLLOUTS: Group = 'argoproj.io';
const { rollouts, analysisTemplates, clusterAnalysisTemplates, analysisRuns } = RESOURCES;
const SHARED_KINDS = new Set([rollouts, analysisTemplates, clusterAnalysisTemplates, analysisRuns].map((r) => r.kind));

/** A kind that Sluice has itself, as Argo Rollouts has it. */
const isOwnElsewhere = ({ apiVersion, kind }: KubeObject): boolean =>
  splitApiVersion(apiVersion)[0] === ARGO_ROLLOUTS && SHARED_KINDS.has(kind);

function twice(desired: readonly DesiredObject[]): Problem[] {
  const seen = new Map<string, DesiredObject>();
  return desired.flatMap((object) => {
    const other = seen.get(object.key);
    seen.set(object.key, object);
    if (!other) return [];
    const { path, line } = object.source;
    return [
      { path, line, message: `${nameOf(object.ref)} is already declared at ${other.source.path}:${other.source.line}` },
    ];
  });
}

/** Only what turned out to be a hook is given a name. */
const nameless = (desired: readonly DesiredObject[]): Problem[] =>
  desired.filter(({ ref }) => ref.name === '').map((each) => problemWith(each, 'metadata.name is missing'));

/** Objects whose place in the order cannot be told. */
const unordered = (desired: readonly DesiredObject[]): Problem[] =>
  desired.flatMap((each) => {
    const objection = waveObjection(each.object);
    return objection === undefined ? [] : [problemWith(each, objection)];
  });
