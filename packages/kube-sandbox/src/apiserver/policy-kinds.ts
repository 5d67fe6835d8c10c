// Defaults and checks of disruption budgets and of bindings of roles.
import type { StatusCause } from './errors.ts';
import type { Dict } from './json.ts';
import { dictOr, ensure, equal, isDict, listOr, setDefault, textOr } from './json.ts';
import { invalid, required } from 'kube-schema/cause';

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
