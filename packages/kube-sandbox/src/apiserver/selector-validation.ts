// Label selectors as objects declare them.
import { forbidden, invalid, required, type Cause } from 'kube-schema/cause';
import type { Dict } from './json.ts';
import { dictOr, listOr, textOr } from './json.ts';
import { keyCauses } from './metadata.ts';

export function selectorCauses(selector: unknown, field: string): Cause[] {
  const { matchLabels, matchExpressions } = dictOr(selector);
  return [
    ...Object.keys(dictOr(matchLabels)).flatMap((key) => keyCauses(key, `${field}.matchLabels`)),
    ...listOr(matchExpressions).flatMap((each, i) => expression(dictOr(each), `${field}.matchExpressions[${i}]`)),
  ];
}

function expression({ key, operator, values }: Dict, at: string): Cause[] {
  const has = listOr(values).length > 0;
  const causes: Cause[] = [];
  if (operator === 'In' || operator === 'NotIn') {
    if (!has) causes.push(required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    if (has)
      causes.push(forbidden(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
  } else causes.push(invalid(`${at}.operator`, operator ?? '', 'not a valid selector operator'));
  return [...causes, ...keyCauses(textOr(key), `${at}.key`)];
}
