// What is rendered by another program before it is read, and what that program is told.

export type RenderTool = 'Kustomize' | 'Helm';

/** What a chart is told of the cluster. */
export interface ClusterFacts {
  /** Version of Kubernetes, such as `v1.34.4`. */
  version: string;
  /** `group/version` and `group/version/Kind` of all that is served, sorted. */
  apiVersions: readonly string[];
}

/** What an Application says of a chart. */
export interface HelmOptions {
  /** Default: the Application's name. */
  releaseName?: string | undefined;
  /** Relative to the chart's folder, within the repository; later ones win. */
  valueFiles?: readonly string[] | undefined;
  /** Wins over all files. */
  values?: Readonly<Record<string, unknown>> | undefined;
  /** Without what the folder `crds` declares. */
  skipCrds?: boolean | undefined;
}

/** What the Application says of the rendering, and the cluster. All of it is part of what a rendering is cached by. */
export interface RenderOptions {
  /** For objects that name no namespace, and `.Release.Namespace`. */
  namespace: string;
  /** The Application's, which a release is called by. Default: `release-name`, as helm has it. */
  name?: string | undefined;
  /** Given where the path has to be a chart. */
  helm?: HelmOptions | undefined;
  /** What a chart asks of the cluster, or why that is not known; undefined: helm answers by itself. */
  cluster?: ClusterFacts | { unknown: string } | undefined;
}

/** How a commit's manifests came about. */
export interface Rendering {
  tool: RenderTool;
  /** What the tool says its version is. */
  version: string;
}
