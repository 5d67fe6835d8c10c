// Charts of Helm, rendered by `helm template`: what it is given, and what is applied of what it prints.
import type { RenderOptions } from '../../ports/rendering.ts';
import { GitError } from '../../git/types.ts';
import { RenderFailure } from '../render/failure.ts';
import type { Renderer, RenderPlan } from '../render/renderer.ts';
import { joinPath } from '../paths.ts';
import { argumentsOf } from './arguments.ts';
import { CHART, checkDependencies, readChart, type Chart } from './chart.ts';
import { unknownHooks } from './hooks.ts';
import { definitionAt, inRepository, placeOf } from './places.ts';
import { asksWhatIsServed, drawsLots } from './templates.ts';
import { valueFilesOf } from './values.ts';

/** Beside the files of the commit, so that no chart can read it as one of its own. */
const VALUES = 'values.json';
const RELEASE_NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const MAX_RELEASE_NAME = 53;

interface HelmPlan extends RenderPlan {
  chart: Chart;
  /** Some template may print something else each time. */
  drawsLots: boolean;
}

export const helm: Renderer = {
  tool: 'Helm',
  program: 'helm',
  versionArgs: ['version', '--template={{ .Version }}'],
  supported: '>=4.0.0 <5',
  byHand: 'helm template',

  claims: (names) => names.find((name) => name === CHART),

  async plan(path, commit, options): Promise<HelmPlan> {
    const releaseName = releaseNameOf(options);
    checkAsked(options);
    const { chart, files: own, archived } = await readChart(path, commit);
    checkDependencies(chart);
    const valueFiles = await valueFilesOf(path, options.helm?.valueFiles ?? [], commit);
    const files = new Map(own);
    for (const file of valueFiles) files.set(file, await commit.read(file));
    const values = valuesOf(options);
    const texts = [...files.values(), ...archived, ...[...values.values()].map((text) => Buffer.from(text))];
    const called = { releaseName, chart: path, valueFiles, asksWhatIsServed: asksWhatIsServed(texts) };
    return {
      entry: joinPath(path, CHART),
      files,
      aside: values,
      args: argumentsOf({ ...called, values: [...values.keys()] }, options),
      chart,
      drawsLots: drawsLots(texts),
    };
  },

  rendered({ object, source }, { chart, files }: HelmPlan) {
    const [, template] = /^# Source: (\S.*)$/m.exec(source.text) ?? [];
    const path = (template === undefined ? undefined : placeOf(template, chart)) ?? definitionAt(object, chart, files);
    return { object, path };
  },

  isAnotherEachTime: ({ drawsLots: draws }: HelmPlan) => draws,

  inRepository: (said, { chart }: HelmPlan) => inRepository(said, chart),

  objection(said, { files, entry }: HelmPlan) {
    const hasDefinitions = [...files.keys()].some((path) => /(^|\/)crds\/[^/]/.test(path));
    const unknown = unknownHooks(said).filter((types) => types !== 'crd-install' || !hasDefinitions);
    if (unknown.length === 0) return undefined;
    const [first = ''] = unknown;
    const where = templateWith(first, files) ?? entry;
    const instead = first === 'crd-install' ? 'move the file to the folder crds of the chart' : 'correct it';
    return `${where}: helm knows no hook ${first} (helm.sh/hook) and leaves the object out; ${instead}`;
  },
};

/** Throws what is worth another try. */
function checkAsked({ cluster }: RenderOptions): void {
  if (cluster !== undefined && 'unknown' in cluster)
    throw new RenderFailure('ReaderKilled', `the cluster does not tell what a chart asks: ${cluster.unknown}`);
}

/** The Application's own values, as a file by its name. */
const valuesOf = ({ helm: asked }: RenderOptions): Map<string, string> =>
  new Map(asked?.values === undefined ? [] : [[VALUES, JSON.stringify(asked.values)]]);

function releaseNameOf({ name = 'release-name', helm: asked }: RenderOptions): string {
  const releaseName = asked?.releaseName ?? name;
  if (releaseName.length <= MAX_RELEASE_NAME && RELEASE_NAME.test(releaseName)) return releaseName;
  const why = `${releaseName} is longer than the ${MAX_RELEASE_NAME} characters that helm takes, or of others`;
  throw new GitError('rejected', `spec.source.helm.releaseName: ${why}; give a name for the release`);
}

/** A template that says so literally. */
const templateWith = (hook: string, files: ReadonlyMap<string, Uint8Array>): string | undefined =>
  [...files].find(([path, bytes]) => path.includes('templates/') && saysHook(hook, bytes))?.[0];

const saysHook = (hook: string, bytes: Uint8Array): boolean =>
  Buffer.from(bytes)
    .toString('utf8')
    .split('\n')
    .some((line) => line.includes('helm.sh/hook') && line.includes(hook));
