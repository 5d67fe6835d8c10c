// Defaults of pods and pod templates, as the server fills them in.
import type { Dict } from './json.ts';
import { dictOr, ensure, has, isDict, listOr, setDefault, textOr } from './json.ts';

function defaultPodSpec(spec: Dict): void {
  setDefault(spec, 'restartPolicy', 'Always');
  setDefault(spec, 'terminationGracePeriodSeconds', 30);
  setDefault(spec, 'dnsPolicy', 'ClusterFirst');
  setDefault(spec, 'securityContext', {});
  setDefault(spec, 'schedulerName', 'default-scheduler');
  if (has(spec, 'serviceAccountName')) setDefault(spec, 'serviceAccount', spec['serviceAccountName']);
  else if (has(spec, 'serviceAccount')) spec['serviceAccountName'] = spec['serviceAccount'];
  for (const list of ['containers', 'initContainers']) {
    for (const container of listOr(spec[list])) if (isDict(container)) defaultContainer(container);
  }
  for (const volume of listOr(spec['volumes'])) if (isDict(volume)) defaultVolume(volume);
}

function defaultContainer(container: Dict): void {
  setDefault(container, 'resources', {});
  setDefault(container, 'terminationMessagePath', '/dev/termination-log');
  setDefault(container, 'terminationMessagePolicy', 'File');
  if (has(container, 'image')) setDefault(container, 'imagePullPolicy', pullPolicy(textOr(container['image'])));
  for (const port of listOr(container['ports'])) if (isDict(port)) setDefault(port, 'protocol', 'TCP');
  for (const probe of ['livenessProbe', 'readinessProbe', 'startupProbe']) {
    if (isDict(container[probe])) defaultProbe(container[probe]);
  }
  for (const variable of listOr(container['env'])) defaultFieldRef(dictOr(variable));
}

function defaultFieldRef(variable: Dict): void {
  const source = dictOr(variable['valueFrom']);
  if (isDict(source['fieldRef'])) setDefault(source['fieldRef'], 'apiVersion', 'v1');
}

function pullPolicy(image: string): string {
  const last = image.slice(image.lastIndexOf('/') + 1);
  if (image.includes('@')) return 'IfNotPresent';
  return !last.includes(':') || last.endsWith(':latest') ? 'Always' : 'IfNotPresent';
}

function defaultProbe(probe: Dict): void {
  setDefault(probe, 'timeoutSeconds', 1);
  setDefault(probe, 'periodSeconds', 10);
  setDefault(probe, 'successThreshold', 1);
  setDefault(probe, 'failureThreshold', 3);
  if (isDict(probe['httpGet'])) {
    setDefault(probe['httpGet'], 'path', '/');
    setDefault(probe['httpGet'], 'scheme', 'HTTP');
  }
}

const VOLUME_MODES = { configMap: 420, secret: 420, downwardAPI: 420, projected: 420 };

function defaultVolume(volume: Dict): void {
  for (const [source, mode] of Object.entries(VOLUME_MODES)) {
    if (isDict(volume[source])) setDefault(volume[source], 'defaultMode', mode);
  }
}

/** A pod itself: what admission and the registry add besides the template's defaults. */
export function defaultPod(pod: Dict): void {
  const spec = ensure(pod, 'spec');
  defaultPodSpec(spec);
  setDefault(spec, 'enableServiceLinks', true);
  setDefault(spec, 'priority', 0);
  setDefault(spec, 'preemptionPolicy', 'PreemptLowerPriority');
  const tolerations = listOr(spec['tolerations']);
  for (const key of ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']) {
    if (tolerations.some((t) => isDict(t) && t['key'] === key)) continue;
    tolerations.push({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 });
  }
  spec['tolerations'] = tolerations;
  const status = ensure(pod, 'status');
  setDefault(status, 'phase', 'Pending');
  setDefault(status, 'qosClass', qosClass(spec));
  if (has(status, 'podIP')) setDefault(status, 'podIPs', [{ ip: status['podIP'] }]);
  for (const condition of listOr(status['conditions'])) {
    if (isDict(condition) && condition['lastProbeTime'] === undefined) condition['lastProbeTime'] = null;
  }
}

function qosClass(spec: Dict): string {
  const resources = listOr(spec['containers']).map((c) => dictOr(dictOr(c)['resources']));
  const bare = resources.every(
    (r) => Object.keys(dictOr(r['requests'])).length === 0 && Object.keys(dictOr(r['limits'])).length === 0,
  );
  if (bare) return 'BestEffort';
  const guaranteed = resources.every((r) => {
    const [requests, limits] = [dictOr(r['requests']), dictOr(r['limits'])];
    return ['cpu', 'memory'].every((k) => has(limits, k) && (requests[k] ?? limits[k]) === limits[k]);
  });
  return guaranteed ? 'Guaranteed' : 'Burstable';
}

export function defaultTemplate(owner: Dict): void {
  const template = ensure(ensure(owner, 'spec'), 'template');
  defaultPodSpec(ensure(template, 'spec'));
}
