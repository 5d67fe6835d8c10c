// What runs for a container: its own command, or the entry point of an image that this kubelet knows. There is no image store: images are
// programs of this machine.
import { join } from 'node:path';
import { envoyBootstrap } from './envoy-bootstrap.ts';
import type { Pod, PodContainer } from './pod.ts';

export interface Entrypoint {
  command: string;
  args: string[];
  /** Files it needs, by path. */
  files?: Record<string, string>;
}

export interface ImageContext {
  pod: Pod;
  ip: string;
  /** Path of the Envoy program. */
  envoy: string;
  /** Folder of the pod's own files. */
  directory: string;
}

const WEB_PROGRAM = join(import.meta.dirname, '../programs/web.mjs');

/** Undefined: there is no such image. */
export function entrypoint(container: PodContainer, context: ImageContext): Entrypoint | undefined {
  const { image, command = [], args = [] } = container;
  if (command[0] !== undefined) return { command: command[0], args: [...command.slice(1), ...args] };
  if (/(^|\/)(web|api):/.test(image)) return { command: process.execPath, args: [WEB_PROGRAM, ...args] };
  if (/(^|\/)proxyv2:/.test(image)) return proxy(context);
  return undefined;
}

/** Envoy itself, without the agent that Istio's image puts around it: its configuration comes from istiod all the same. */
function proxy({ pod, ip, envoy, directory }: ImageContext): Entrypoint {
  const file = join(directory, 'envoy.json');
  const flags = ['--use-dynamic-base-id', '--concurrency', '1', '-l', 'warning', '--drain-time-s', '2'];
  const bootstrap = JSON.stringify(envoyBootstrap(pod, ip), undefined, 1);
  return { command: envoy, args: ['-c', file, ...flags], files: { [file]: bootstrap } };
}
