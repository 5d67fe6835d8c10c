// What the server refuses in the spec of a pod, with its messages and in its order: volumes, containers, policies.
import { duplicate, forbidden, invalid, notSupported, required, type Cause } from 'kube-schema/cause';
import { containerCauses, emptyFields, nameCauses } from './container-validation.ts';
import type { Dict } from './json.ts';
import { dictOr, isDict, listOr, textOr } from './json.ts';
import { keyCauses } from './metadata.ts';

const RESTARTS = ['Always', 'OnFailure', 'Never'];
const DNS = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];
/** The field of a volume's source that has to say something. */
const NEEDED: Record<string, string> = {
  configMap: 'name',
  secret: 'secretName',
  persistentVolumeClaim: 'claimName',
  hostPath: 'path',
};

export function podCauses(spec: Dict, field: string): Cause[] {
  const containers = listOr(spec['containers']).map(dictOr);
  const names = { volumes: volumeNames(spec), containers: new Set<string>() };
  return [
    ...volumes(spec, `${field}.volumes`),
    ...(containers.length === 0 ? [required(`${field}.containers`)] : []),
    ...containers.flatMap((each, i) => containerCauses(each, `${field}.containers[${i}]`, names)),
    ...listOr(spec['initContainers']).flatMap((each, i) =>
      containerCauses(dictOr(each), `${field}.initContainers[${i}]`, names),
    ),
    ...oneOf(spec['restartPolicy'], RESTARTS, `${field}.restartPolicy`),
    ...oneOf(spec['dnsPolicy'], DNS, `${field}.dnsPolicy`),
    ...Object.keys(dictOr(spec['nodeSelector'])).flatMap((key) => keyCauses(key, `${field}.nodeSelector`)),
  ];
}

/** Absent values are filled in before: they are no concern here. */
export const oneOf = (value: unknown, allowed: string[], field: string): Cause[] =>
  value === undefined || allowed.includes(textOr(value)) ? [] : [notSupported(field, value, allowed)];

const volumeNames = (spec: Dict): Set<unknown> =>
  new Set(listOr(spec['volumes']).map((volume) => dictOr(volume)['name']));

function volumes(spec: Dict, field: string): Cause[] {
  const taken = new Set<string>();
  return listOr(spec['volumes'])
    .map(dictOr)
    .flatMap((volume, i) => {
      const at = `${field}[${i}]`;
      const name = textOr(volume['name']);
      const causes = [...sourceCauses(volume, at), ...nameCauses(name, `${at}.name`)];
      if (name !== '' && taken.has(name)) causes.push(duplicate(`${at}.name`, name));
      taken.add(name);
      return causes;
    });
}

function sourceCauses(volume: Dict, at: string): Cause[] {
  const [first = '', ...more] = Object.keys(volume).filter((key) => key !== 'name');
  const needed = NEEDED[first];
  const source = volume[first];
  return [
    ...(needed !== undefined && isDict(source) ? emptyFields(source, [needed], `${at}.${first}`) : []),
    ...more.map((type) => forbidden(`${at}.${type}`, 'may not specify more than 1 volume type')),
  ];
}

/** The labels of a template that a selector has to find. */
export function templateCauses(template: Dict, selector: Dict, field: string): Cause[] {
  const labels = dictOr(dictOr(template['metadata'])['labels']);
  const fits = Object.entries(dictOr(selector['matchLabels'])).every(([key, value]) => labels[key] === value);
  const shown = Object.keys(labels).length === 0 ? null : labels;
  return [
    ...(fits ? [] : [invalid(`${field}.metadata.labels`, shown, '`selector` does not match template `labels`')]),
    ...podCauses(dictOr(template['spec']), `${field}.spec`),
    // Of what is kept running, nothing else makes sense.
    ...restartsAlways(dictOr(template['spec'])['restartPolicy'], `${field}.spec.restartPolicy`),
  ];
}

function restartsAlways(policy: unknown, field: string): Cause[] {
  return RESTARTS.includes(textOr(policy)) ? oneOf(policy, ['Always'], field) : [];
}
