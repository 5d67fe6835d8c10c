// What Prometheus scrapes: the node's pods as file-based discovery, with the labels that Kubernetes discovery gives them (Debian's
// Prometheus is built without that).
import { renameSync, writeFileSync } from 'node:fs';
import { firstPort, type Pod } from './pod.ts';

const labelsOf = (prefix: string, values: Record<string, string> | undefined): Record<string, string> =>
  Object.fromEntries(Object.entries(values ?? {}).map(([k, v]) => [prefix + k.replaceAll(/\W/g, '_'), v]));

function target(pod: Pod, ip: string): object {
  const container = pod.spec.containers[0];
  return {
    targets: [`${ip}:${firstPort(container)}`],
    labels: {
      __meta_kubernetes_namespace: pod.metadata.namespace ?? '',
      __meta_kubernetes_pod_name: pod.metadata.name,
      __meta_kubernetes_pod_ip: ip,
      __meta_kubernetes_pod_container_name: container?.name ?? '',
      ...labelsOf('__meta_kubernetes_pod_label_', pod.metadata.labels),
      ...labelsOf('__meta_kubernetes_pod_annotation_', pod.metadata.annotations),
    },
  };
}

/** Replaces the file in one piece. */
export function writeTargets(file: string, pods: readonly { pod: Pod; ip: string }[]): void {
  writeFileSync(`${file}.new`, JSON.stringify(pods.map(({ pod, ip }) => target(pod, ip))));
  renameSync(`${file}.new`, file);
}
