// Defaults and checks of autoscalers, network policies, and bindings of roles.
import type { StatusCause } from './errors.ts';
import type { Dict } from './json.ts';
import { dictOr, ensure, equal, has, isDict, listOr, numberOr, setDefault, textOr } from './json.ts';
import { invalid, required } from 'kube-schema/cause';

const EVERY_15_S = { periodSeconds: 15 };
const SCALE_UP = [
  { type: 'Pods', value: 4, ...EVERY_15_S },
  { type: 'Percent', value: 100, ...EVERY_15_S },
];
const SCALE_DOWN = [{ type: 'Percent', value: 100, ...EVERY_15_S }];
const CPU = {
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } },
};

export function defaultAutoscaler(object: Dict): void {
  const spec = ensure(object, 'spec');
  setDefault(spec, 'minReplicas', 1);
  if (listOr(spec['metrics']).length === 0) spec['metrics'] = [structuredClone(CPU)];
  if (isDict(spec['behavior'])) {
    const up = ensure(spec['behavior'], 'scaleUp');
    setDefault(up, 'stabilizationWindowSeconds', 0);
    defaultRules(up, SCALE_UP);
    defaultRules(ensure(spec['behavior'], 'scaleDown'), SCALE_DOWN);
  }
  const status = ensure(object, 'status');
  setDefault(status, 'desiredReplicas', 0);
  if (!has(status, 'currentMetrics')) status['currentMetrics'] = null;
}

function defaultRules(rules: Dict, policies: Dict[]): void {
  setDefault(rules, 'selectPolicy', 'Max');
  setDefault(rules, 'policies', structuredClone(policies));
}

export function validateAutoscaler(object: Dict): StatusCause[] {
  const spec = dictOr(object['spec']);
  const [least, most] = [numberOr(spec['minReplicas'], 1), numberOr(spec['maxReplicas'])];
  const target = dictOr(spec['scaleTargetRef']);
  const causes: StatusCause[] = [];
  if (least < 1) causes.push(invalid('spec.minReplicas', least, 'must be greater than or equal to 1'));
  if (most < 1) causes.push(invalid('spec.maxReplicas', most, 'must be greater than 0'));
  if (most < least) causes.push(invalid('spec.maxReplicas', most, 'must be greater than or equal to `minReplicas`'));
  for (const key of ['kind', 'name'])
    if (textOr(target[key]) === '') causes.push(required(`spec.scaleTargetRef.${key}`));
  const version = textOr(target['apiVersion']);
  if (!version.includes('/') && target['kind'] !== 'ReplicationController')
    causes.push(invalid('spec.scaleTargetRef.apiVersion', version, 'apiVersion must specify API group'));
  return causes;
}

export function validateBudget(object: Dict): StatusCause[] {
  const { minAvailable, maxUnavailable, selector, unhealthyPodEvictionPolicy } = dictOr(object['spec']);
  if (minAvailable === undefined || maxUnavailable === undefined) return [];
  const value = {
    MinAvailable: minAvailable,
    Selector: selector ?? null,
    MaxUnavailable: maxUnavailable,
    UnhealthyPodEvictionPolicy: unhealthyPodEvictionPolicy ?? null,
  };
  return [invalid('spec', value, 'minAvailable and maxUnavailable cannot be both set')];
}

export function defaultNetworkPolicy(object: Dict): void {
  const spec = ensure(object, 'spec');
  ensure(spec, 'podSelector');
  const rules = [...listOr(spec['ingress']), ...listOr(spec['egress'])];
  for (const port of rules.flatMap((rule) => listOr(dictOr(rule)['ports'])))
    if (isDict(port)) setDefault(port, 'protocol', 'TCP');
  setDefault(spec, 'policyTypes', has(spec, 'egress') ? ['Ingress', 'Egress'] : ['Ingress']);
}

const RBAC = 'rbac.authorization.k8s.io';

export function defaultBinding(object: Dict): void {
  if (textOr(ensure(object, 'roleRef')['apiGroup']) === '') ensure(object, 'roleRef')['apiGroup'] = RBAC;
  for (const subject of listOr(object['subjects'])) {
    if (isDict(subject) && subject['kind'] !== 'ServiceAccount') setDefault(subject, 'apiGroup', RBAC);
  }
}

/** As the server writes it here: by the names of Go's fields. */
const goRoleRef = ({ apiGroup, kind, name }: Dict): Dict => ({ APIGroup: apiGroup, Kind: kind, Name: name });

export function validateBinding(object: Dict, old: Dict | undefined): StatusCause[] {
  if (old !== undefined && !equal(old['roleRef'], object['roleRef']))
    return [invalid('roleRef', goRoleRef(dictOr(object['roleRef'])), 'cannot change roleRef')];
  const unplaced = listOr(object['subjects']).flatMap((subject, i) => {
    const { kind, namespace } = dictOr(subject);
    return kind === 'ServiceAccount' && textOr(namespace) === '' ? [required(`subjects[${i}].namespace`)] : [];
  });
  return textOr(dictOr(object['roleRef'])['name']) === '' ? [required('roleRef.name'), ...unplaced] : unplaced;
}
