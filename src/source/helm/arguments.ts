// What helm is called with.
import type { RenderOptions } from '../../ports/rendering.ts';

export interface Called {
  releaseName: string;
  /** The chart's folder, and files with values, from the root of the repository. */
  chart: string;
  valueFiles: readonly string[];
  /** Names of files beside those of the commit. */
  values: readonly string[];
  /** Whether a template asks what the cluster serves. */
  asksWhatIsServed: boolean;
}

/** Characters of one argument, of which the system takes 128 KiB. */
const MAX_ARGUMENT = 2 ** 16;

/** Arguments of `helm template`; without network and cluster. */
export function argumentsOf(called: Called, { namespace, helm, cluster: asked }: RenderOptions): string[] {
  const cluster = asked !== undefined && 'version' in asked ? asked : undefined;
  const files = [
    ...called.valueFiles.map((path) => `{root}/${path}`),
    ...called.values.map((name) => `{aside}/${name}`),
  ];
  return [
    'template',
    '--dry-run=client',
    `--namespace=${namespace}`,
    helm?.skipCrds === true ? '--skip-crds' : '--include-crds',
    ...(cluster === undefined ? [] : [`--kube-version=${cluster.version}`]),
    ...(cluster !== undefined && called.asksWhatIsServed ? served(cluster.apiVersions) : []),
    ...files.map((path) => `--values=${field(path)}`),
    '--',
    called.releaseName,
    called.chart === '' ? '{root}' : `{root}/${called.chart}`,
  ];
}

function served(versions: readonly string[]): string[] {
  const lines: string[] = [];
  for (const version of versions) {
    const last = lines.at(-1);
    if (last === undefined || last.length + version.length >= MAX_ARGUMENT) lines.push(version);
    else lines[lines.length - 1] = `${last},${version}`;
  }
  return lines.map((line) => `--api-versions=${line}`);
}

/** Helm reads these arguments as lines of CSV. */
const field = (path: string): string => (/[",]/.test(path) ? `"${path.replaceAll('"', '""')}"` : path);
