// What an Application would make of content that was read, as far as that can be said without a cluster: its objects in their place, why it would
// be refused, and what was assumed. Pure.
import type { Application } from '../api/application.ts';
import { ownKinds } from '../api/crd.ts';
import { dialect } from '../api/dialect.ts';
import { isRecord } from '../api/json.ts';
import type { KubeObject } from '../api/k8s.ts';
import { GROUP } from '../api/names.ts';
import { nearest } from '../api/nearest.ts';
import { nameOf, splitApiVersion } from '../api/object-key.ts';
import type { Declared } from '../application/seen.ts';
import { definitionsIn, type Definitions } from '../application/source/definitions.ts';
import type { DesiredObject } from '../application/source/desired.ts';
import type { Problem } from '../application/source/manifests.ts';
import { render } from '../application/source/render.ts';
import { tenancyOf, tenancyProblems, type Tenancy } from '../application/source/tenancy.ts';
import { isRollout } from '../application/revert/dependents.ts';
import { definedProblems } from '../application/sync/brought.ts';
import type { SourceCommit, SourceContent } from '../ports/source-reader.ts';
import { DRIVEN_KINDS } from '../traffic/modules.ts';
import { analysesOf } from './analyses.ts';
import { kindMeant, knownScope } from './known-kinds.ts';
import { isSecret } from './masked.ts';
import { ownKindVerdict } from './own-kinds.ts';

export interface Checked {
  declared: Declared;
  /** Why the commit would be refused. */
  problems: Problem[];
  /** What was assumed, and what only the cluster or its operator can say. */
  notes: string[];
  /** Some object names no namespace, and was given one. */
  isPlaced: boolean;
}

export interface CheckContext {
  /** For objects that name none. */
  namespace: string;
  /** Undefined where no Application is known: then nothing is said of what one may do. */
  app?: Application | undefined;
}

/** Stands in for the commit that files on disk are not. */
export const UNCOMMITTED: SourceCommit = {
  oid: '0'.repeat(40),
  tree: '',
  parents: [],
  author: { name: '', email: '' },
  date: '1970-01-01T00:00:00Z',
  subject: '',
  message: '',
};

/** What content declares, checked by all that is known without a cluster. */
export function check(content: SourceContent, { namespace, app }: CheckContext): Checked {
  const brought = definitionsIn(content.manifests);
  const context = { namespace, source: '', receivedAt: undefined, skipMissingKinds: false };
  const declared = render(content, { ...context, tenancy: anybody(namespace), scopeOf: scopesWith(brought) });
  const desired = [...declared.desired, ...declared.hooks];
  const verdicts = desired.map((each) => ({ each, ...verdictOn(each, declared) }));
  const problems = [
    ...declared.problems,
    ...verdicts.flatMap(({ each, problems: found }) => found.map((message) => problemAt(each, message))),
  ];
  const notes = [
    ...grouped(verdicts.flatMap(({ each, notes: found }) => found.map((why) => ({ each, why })))),
    ...declared.leftOut.map((text) => `not applied: ${text}`),
    ...assumedScopes(content, brought, namespace),
    ...(app === undefined ? [] : askedOfOthers(desired, app)),
  ];
  const unplaced = content.manifests.filter(({ object }) => object.metadata.namespace === undefined);
  const sources = new Set(unplaced.map(({ source }) => source));
  const isPlaced = desired.some((each) => each.namespaced && sources.has(each.source));
  return { declared, problems, notes, isPlaced };
}

/** Allows whatever some account and operator could allow. */
const anybody = (namespace: string): Tenancy => ({
  namespace,
  account: 'default',
  wide: true,
  crossNamespaceRoutes: ['*'],
});

const problemAt = ({ ref, source }: DesiredObject, message: string): Problem => ({
  path: source.path,
  line: source.line,
  message: `${nameOf(ref)}: ${message}`,
});

interface Verdict {
  problems: string[];
  notes: string[];
}

function verdictOn(desired: DesiredObject, { defines, desired: all }: Declared): Verdict {
  const { object } = desired;
  const own = ownKindVerdict(object);
  const problems = [
    ...sealed(object),
    ...badlyEncoded(object),
    ...misspelt(object),
    ...own.problems,
    ...byDefinition(desired, defines),
  ];
  if (!isRollout(object)) return { problems, notes: own.notes };
  const views = analysesOf(object, (key) => all.find((each) => each.key === key)?.object);
  const missing = [...new Set(views.flatMap((view) => view.missing))].map(
    (name) => `measured by ${name}, which is not declared here`,
  );
  return {
    problems: [...problems, ...views.flatMap((view) => view.problems)],
    notes: [...own.notes, ...missing],
  };
}

/** By the definition that comes with it; Sluice's own kinds are judged by those of this version. */
function byDefinition(desired: DesiredObject, defines: Definitions): string[] {
  const { group, kind } = desired.ref;
  const definition = group === GROUP ? undefined : defines.get(`${group}/${kind}`);
  return definition === undefined ? [] : definedProblems(desired, definition);
}

/** What SOPS leaves behind has a field that no kind knows. */
function sealed({ sops }: KubeObject): string[] {
  if (!isRecord(sops) || sops['mac'] === undefined) return [];
  return [
    'it is encrypted by SOPS, which Sluice does not decrypt; use what the cluster decrypts itself, such as a SealedSecret or an ExternalSecret',
  ];
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Values are not told. */
function badlyEncoded(object: KubeObject): string[] {
  const { data } = object;
  if (!isSecret(object) || !isRecord(data)) return [];
  const isBad = (value: unknown): boolean =>
    value !== null && !(typeof value === 'string' && BASE64.test(value.replaceAll(/[\r\n]/g, '')));
  return Object.entries(data).flatMap(([key, value]) =>
    isBad(value) ? [`data.${key}: it is not base64; put text into stringData`] : [],
  );
}

const METADATA = [
  'name generateName namespace labels annotations finalizers ownerReferences',
  'uid resourceVersion generation creationTimestamp deletionTimestamp deletionGracePeriodSeconds managedFields selfLink',
]
  .join(' ')
  .split(' ');

function misspelt({ apiVersion, kind, metadata }: KubeObject): string[] {
  const fields = Object.keys(metadata).filter((field) => !METADATA.includes(field));
  const meant = kindMeant(apiVersion, kind);
  return [
    ...fields.map((field) => `metadata.${field}: there is no such field${didYouMean(nearest(field, METADATA))}`),
    ...(meant === undefined ? [] : [`there is no kind ${kind} in ${apiVersion}${didYouMean(meant)}`]),
  ];
}

const didYouMean = (name: string | undefined): string => (name === undefined ? '' : ` (did you mean ${name}?)`);

/** Kinds that Sluice has or drives, and those of Argo Rollouts. */
const OWN = new Map(
  [
    ...ownKinds().map(({ resource }) => resource),
    ...Object.values(dialect('argoproj.io').resources),
    ...DRIVEN_KINDS.map(({ resource }) => resource),
  ].map(({ group, kind, namespaced }) => [`${group}/${kind}`, namespaced]),
);

function scopeOf(apiVersion: string, kind: string): boolean | undefined {
  const [group] = splitApiVersion(apiVersion);
  return OWN.get(`${group}/${kind}`) ?? knownScope(apiVersion, kind);
}

const isBrought = (brought: Definitions, apiVersion: string, kind: string): boolean =>
  brought.has(`${splitApiVersion(apiVersion)[0]}/${kind}`);

/** Other kinds are taken to live in namespaces, but for those that are defined here. */
const scopesWith =
  (brought: Definitions) =>
  (apiVersion: string, kind: string): boolean | undefined =>
    scopeOf(apiVersion, kind) ?? (isBrought(brought, apiVersion, kind) ? undefined : true);

function assumedScopes({ manifests }: SourceContent, brought: Definitions, namespace: string): string[] {
  const kinds = manifests.flatMap(({ object: { apiVersion, kind, metadata } }) => {
    const isKnown = scopeOf(apiVersion, kind) !== undefined || isBrought(brought, apiVersion, kind);
    return isKnown || metadata.namespace !== undefined ? [] : [`${kind} (${apiVersion})`];
  });
  if (kinds.length === 0) return [];
  const named = [...new Set(kinds)].sort().join(', ');
  return [`taken to live in a namespace, ${namespace}, as no cluster is asked and no definition is here: ${named}`];
}

/** What an operator or a ServiceAccount has to allow, which is not known here. */
function askedOfOthers(desired: readonly DesiredObject[], app: Application): string[] {
  const settings = { clusterApplications: [], crossNamespaceRoutes: [] };
  const allowed = new Set(tenancyProblems(desired, anybody('')).map(({ message }) => message));
  const strict = tenancyOf(app, settings);
  return grouped(
    desired.flatMap((each) =>
      tenancyProblems([each], strict)
        .filter(({ message }) => !allowed.has(message))
        .map(({ message }) => ({ each, why: message.slice(nameOf(each.ref).length + 2) })),
    ),
  );
}

/** The same words are said once, of the first and how many more. */
function grouped(found: readonly { each: DesiredObject; why: string }[]): string[] {
  const by = new Map<string, DesiredObject[]>();
  for (const { each, why } of found) by.set(why, [...(by.get(why) ?? []), each]);
  return [...by].map(([why, [first, ...more]]) => {
    const name = first === undefined ? '' : nameOf(first.ref);
    return `${name}${more.length === 0 ? '' : ` and ${more.length} more`}: ${why}`;
  });
}
