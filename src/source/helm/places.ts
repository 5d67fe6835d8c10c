// Where in the repository a template is that helm names by the names of charts.
import type { KubeObject } from '../../api/k8s.ts';
import { joinPath } from '../paths.ts';
import type { Chart } from './chart.ts';

/** The file of a template such as `web/charts/db/templates/x.yaml`; of one in an archive, the archive. Undefined: it is of no such chart. */
export function placeOf(template: string, chart: Chart): string | undefined {
  if (!template.startsWith(`${chart.name}/`)) return undefined;
  return inside(template.slice(chart.name.length + 1), chart);
}

function inside(rest: string, chart: Chart): string {
  if (chart.isArchive) return chart.path;
  const [, called = '', more = ''] = /^charts\/([^/]+)\/(.+)$/.exec(rest) ?? [];
  const within = called === '' ? undefined : chartCalled(called, chart);
  return within === undefined ? joinPath(chart.path, rest) : inside(more, within);
}

/** Helm calls a chart by its alias, where it has one. */
function chartCalled(called: string, { dependencies, within }: Chart): Chart | undefined {
  const { name = called } = dependencies.find(({ alias }) => alias === called) ?? {};
  return within.find((each) => each.name === name);
}

/** Of a definition, whose file helm does not always name: the file in a folder `crds` that names it. */
export function definitionAt(
  { kind, metadata: { name } }: KubeObject,
  chart: Chart,
  files: ReadonlyMap<string, Uint8Array>,
): string | undefined {
  if (kind !== 'CustomResourceDefinition') return undefined;
  const isNamed = ([path, bytes]: [string, Uint8Array]): boolean =>
    path.startsWith(chart.path === '' ? '' : `${chart.path}/`) &&
    /(^|\/)crds\//.test(path) &&
    Buffer.from(bytes).includes(name);
  return [...files].find(isNamed)?.[0];
}

/** What helm says, with templates called by their place in the repository, and without advice on flags that are not a person's here. */
export function inRepository(said: string, chart: Chart): string {
  return said
    .replaceAll(/[^\s"'():]+\/templates\/[^\s"'():]+/g, (template) => placeOf(template, chart) ?? template)
    .replace(/\s*Use --debug flag to render out invalid YAML\s*$/, '');
}
