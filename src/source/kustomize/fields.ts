// What the fields of a kustomization, and of the configuration of a built-in plug-in, name: files, folders, or what is refused. Pure.
import { isRecord, recordsIn } from '../../api/json.ts';

export interface Reference {
  /** As people find it: `patches[1].path`. */
  field: string;
  /** As it is written. */
  value: string;
  /** What it may lead to. `plugin`: a file with configurations of plug-ins, or a folder that is built to some. */
  to: 'file' | 'folder' | 'either' | 'plugin';
}

/** A configuration of a plug-in that stands in the kustomization itself. */
export interface InlinePlugin {
  field: string;
  text: string;
}

export interface Refusal {
  field: string;
  why: string;
}

export interface Named {
  references: Reference[];
  plugins: InlinePlugin[];
  refusals: Refusal[];
}

type Fields = Readonly<Record<string, unknown>>;

const FOLDERS = ['bases', 'components'];
const FILES = ['crds', 'configurations'];
const PLUGINS = ['generators', 'transformers', 'validators'];
const SOURCES = ['configMapGenerator', 'secretGenerator'];
const BY_PATH = ['patches', 'patchesJson6902', 'replacements'];
const CHARTS = ['helmCharts', 'helmChartInflationGenerator'];
const NO_CHARTS = 'charts are not rendered from a kustomization yet; commit what helm template prints, and name that';

/** What a kustomization names. */
export function namedBy(fields: Fields): Named {
  const named: Named = { references: [], plugins: [], refusals: [] };
  const add = (to: Reference['to'], keys: readonly string[]): void => {
    for (const key of keys) named.references.push(...textsIn(fields[key], key).map((each) => ({ ...each, to })));
  };
  add('either', ['resources']);
  add('folder', FOLDERS);
  add('file', FILES);
  named.references.push(...openapiOf(fields['openapi']));
  named.references.push(...patchFiles(fields['patchesStrategicMerge'], 'patchesStrategicMerge'));
  for (const key of BY_PATH) named.references.push(...pathsOf(fields[key], key));
  for (const key of SOURCES)
    for (const [index, source] of recordsIn(fields[key]).entries())
      named.references.push(...sourceFiles(source, `${key}[${index}].`));
  for (const key of PLUGINS) addPlugins(named, fields[key], key);
  for (const field of CHARTS) if (fields[field] !== undefined) named.refusals.push({ field, why: NO_CHARTS });
  return named;
}

/** What the configuration of a plug-in names; only those that are built into Kustomize are run. */
export function namedByPlugin(fields: Fields): Named {
  const { apiVersion, kind } = fields;
  const named: Named = { references: [], plugins: [], refusals: [] };
  const field = `${String(apiVersion)} ${String(kind)}`;
  if (apiVersion !== 'builtin' || isFunction(fields)) {
    const why = 'programs are not run: only plug-ins that are built into Kustomize are (apiVersion: builtin)';
    named.refusals.push({ field, why });
  } else if (kind === 'HelmChartInflationGenerator') named.refusals.push({ field, why: NO_CHARTS });
  else {
    named.references.push(...sourceFiles(fields, ''), ...pathsOf(fields['replacements'], 'replacements'));
    named.references.push(...patchFiles(fields['paths'], 'paths'));
    if (typeof fields['path'] === 'string') named.references.push({ field: 'path', value: fields['path'], to: 'file' });
  }
  return named;
}

function isFunction({ metadata }: Fields): boolean {
  const annotations = isRecord(metadata) ? metadata['annotations'] : undefined;
  return (
    isRecord(annotations) &&
    ['config.kubernetes.io/function', 'config.k8s.io/function'].some((key) => annotations[key] !== undefined)
  );
}

function textsIn(value: unknown, key: string): { field: string; value: string }[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((each: unknown, index) =>
    typeof each === 'string' ? [{ field: `${key}[${index}]`, value: each }] : [],
  );
}

const openapiOf = (value: unknown): Reference[] =>
  isRecord(value) && typeof value['path'] === 'string'
    ? [{ field: 'openapi.path', value: value['path'], to: 'file' }]
    : [];

/** Entries are files, or patches themselves. */
const patchFiles = (value: unknown, key: string): Reference[] =>
  textsIn(value, key)
    .filter((each) => !each.value.includes('\n'))
    .map((each) => ({ ...each, to: 'file' }));

const pathsOf = (value: unknown, key: string): Reference[] =>
  (Array.isArray(value) ? value : []).flatMap((each: unknown, index): Reference[] =>
    isRecord(each) && typeof each['path'] === 'string' && each['path'] !== ''
      ? [{ field: `${key}[${index}].path`, value: each['path'], to: 'file' }]
      : [],
  );

/** Of a generator: `files` may name the key, as `key=path`. */
function sourceFiles(source: Fields, at: string): Reference[] {
  const files = textsIn(source['files'], `${at}files`).map(({ field, value }) => ({
    field,
    value: value.slice(value.indexOf('=') + 1),
  }));
  const one = typeof source['env'] === 'string' ? [{ field: `${at}env`, value: source['env'] }] : [];
  return [...files, ...textsIn(source['envs'], `${at}envs`), ...one].map((each) => ({ ...each, to: 'file' }));
}

function addPlugins(named: Named, value: unknown, key: string): void {
  for (const { field, value: text } of textsIn(value, key)) {
    if (text.includes('\n')) named.plugins.push({ field, text });
    else named.references.push({ field, value: text, to: 'plugin' });
  }
}
