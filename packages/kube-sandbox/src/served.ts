// The cluster on free loopback ports, with a kubeconfig and a Git server: for programs that come from outside.
import path from 'node:path';
import { systemClock } from './clock.ts';
import { startLoad, type Load } from './dataplane/load.ts';
import { createGitServer, type Push } from './git/git-server.ts';
import { createSandbox, type Sandbox, type SandboxOptions } from './sandbox.ts';

export interface ServeOptions extends SandboxOptions {
  /** Holds the kubeconfig and the repositories. */
  dir: string;
  /** Name of the one repository. Default shop. */
  repository?: string;
  /** Called after each push to the repository. */
  onPush?: (push: Push) => void;
}

export interface ServedSandbox extends Sandbox {
  /** A kubeconfig on disk. */
  readonly kubeconfig: string;
  readonly apiURL: string;
  /** URL to clone from and push to. */
  readonly gitURL: string;
  /** Where requests enter the mesh; the Host header decides where they go. */
  readonly gatewayURL: string;
  readonly prometheusURL: string;
}

/** Pods answer over sockets of their own unless told otherwise, and a load comes as real HTTP requests. */
export async function serveSandbox(options: ServeOptions): Promise<ServedSandbox> {
  const { clock = systemClock, dir, repository = 'shop', onPush } = options;
  const sandbox = createSandbox({ pods: 'real', ...options, clock });
  const { api, gateway, metrics } = sandbox;
  const git = await createGitServer({ dir: path.join(dir, 'git'), ...(onPush === undefined ? {} : { onPush }) });
  const [listening, entrance, prometheus] = await Promise.all([api.listen(), gateway.listen(), metrics.listen()]);
  const kubeconfig = path.join(dir, 'kubeconfig');
  await api.writeKubeconfig(kubeconfig, listening);
  const loads = new Set<Load>();
  return {
    ...sandbox,
    kubeconfig,
    apiURL: listening.url,
    gitURL: git.createRepository(repository),
    gatewayURL: entrance.url,
    prometheusURL: prometheus.url,
    startLoad(load) {
      const started = startLoad({ clock, target: entrance.url, ...load });
      loads.add(started);
      return started;
    },
    async stop() {
      await Promise.all([...loads].map((load) => load.stop()));
      await sandbox.stop();
      await Promise.all([prometheus.close(), listening.close(), git.close()]);
    },
  };
}
