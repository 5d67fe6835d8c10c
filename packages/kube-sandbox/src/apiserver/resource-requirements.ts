// Requests and limits of a container: which resources there are, and what they may be.
import { invalid, required, type Cause } from 'kube-schema/cause';
import type { Dict } from './json.ts';
import { dictOr, textOr } from './json.ts';
import { nanosOf } from './quantity.ts';

const OF_CONTAINERS = /^(cpu|memory|ephemeral-storage|hugepages-.+)$/;
const STANDARD =
  /^(cpu|memory|ephemeral-storage|storage|pods|services|replicationcontrollers|resourcequotas|secrets|configmaps|persistentvolumeclaims|hugepages-.+|(requests|limits)\..+|services\..+|count\/.+)$/;
const WHOLE = 1_000_000_000n;

/** Of another domain than Kubernetes' own: counted whole, and never given twice. */
const isExtended = (name: string): boolean => name.includes('/') && !/(^|\.)kubernetes\.io\//.test(name);

export function resourceCauses(resources: Dict, at: string): Cause[] {
  const [limits, requests] = [dictOr(resources['limits']), dictOr(resources['requests'])];
  return [
    ...Object.keys(limits).flatMap((name) => amountCauses(name, textOr(limits[name]), `${at}.limits`)),
    ...Object.keys(requests).flatMap((name) => [
      ...amountCauses(name, textOr(requests[name]), `${at}.requests`),
      ...againstLimit(name, { request: textOr(requests[name]), limit: limits[name], at }),
    ]),
  ];
}

function amountCauses(name: string, amount: string, list: string): Cause[] {
  const at = `${list}[${name}]`;
  const causes: Cause[] = [];
  if (!name.includes('/') && !STANDARD.test(name))
    causes.push(invalid(at, name, 'must be a standard resource type or fully qualified'));
  if (!name.includes('/') && !OF_CONTAINERS.test(name))
    causes.push(invalid(at, name, 'must be a standard resource for containers'));
  const nanos = nanosOf(amount);
  if (nanos < 0n) causes.push(invalid(at, amount, 'must be greater than or equal to 0'));
  if (isExtended(name) && nanos % WHOLE !== 0n) causes.push(invalid(at, amount, 'must be an integer'));
  return causes;
}

function againstLimit(name: string, found: { request: string; limit: unknown; at: string }): Cause[] {
  const { request, limit, at } = found;
  if (limit === undefined)
    return isExtended(name) ? [required(`${at}.limits`, 'Limit must be set for non overcommitable resources')] : [];
  const above = nanosOf(request) - nanosOf(textOr(limit));
  const of = `${name} limit of ${textOr(limit)}`;
  if (isExtended(name) && above !== 0n) return [invalid(`${at}.requests`, request, `must be equal to ${of}`)];
  return above > 0n ? [invalid(`${at}.requests`, request, `must be less than or equal to ${of}`)] : [];
}
