// What is rendered by another program before it is read, and what that program is told.

export type RenderTool = 'Kustomize' | 'Helm';

/** What a chart is told of the cluster. */
export interface ClusterFacts {
  /** Version of Kubernetes, such as `v1.34.4`. */
  version: string;
  /** `group/version` and `group/version/Kind` of all that is served, sorted. */
  apiVersions: readonly string[];
}

/** What the Application says of the rendering, and the cluster. All of it is part of what a rendering is cached by. */
export interface RenderOptions {
  /** For objects that name no namespace, and `.Release.Namespace`. */
  namespace: string;
  helm?:
    | {
        releaseName: string;
        /** Relative to the chart's folder, within the repository; later ones win. */
        valueFiles: readonly string[];
        /** Wins over all files. */
        values: Readonly<Record<string, unknown>>;
      }
    | undefined;
  cluster?: ClusterFacts | undefined;
}

/** How a commit's manifests came about. */
export interface Rendering {
  tool: RenderTool;
  /** What the tool says its version is. */
  version: string;
}
