// Defaults and checks of autoscalers, and what is printed of their metrics.
import { forbidden, invalid, notSupported, required, type Cause } from 'kube-schema/cause';
import type { Dict } from './json.ts';
import { at, dictOr, ensure, has, isDict, listOr, numberOr, setDefault, textOr } from './json.ts';

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
/** Where a metric of a type says what it is. */
const SOURCES: Record<string, string> = {
  ContainerResource: 'containerResource',
  External: 'external',
  Object: 'object',
  Pods: 'pods',
  Resource: 'resource',
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

export function validateAutoscaler(object: Dict): Cause[] {
  const spec = dictOr(object['spec']);
  return [...sizes(spec), ...targetOf(dictOr(spec['scaleTargetRef'])), ...metricsOf(spec)];
}

function sizes(spec: Dict): Cause[] {
  const [least, most] = [numberOr(spec['minReplicas'], 1), numberOr(spec['maxReplicas'])];
  const causes: Cause[] = [];
  if (least < 1) causes.push(invalid('spec.minReplicas', least, 'must be greater than or equal to 1'));
  if (most < 1) causes.push(invalid('spec.maxReplicas', most, 'must be greater than 0'));
  if (most < least) causes.push(invalid('spec.maxReplicas', most, 'must be greater than or equal to `minReplicas`'));
  return causes;
}

function targetOf(target: Dict): Cause[] {
  const causes = ['kind', 'name']
    .filter((key) => textOr(target[key]) === '')
    .map((key) => required(`spec.scaleTargetRef.${key}`));
  const version = textOr(target['apiVersion']);
  if (!version.includes('/') && target['kind'] !== 'ReplicationController')
    causes.push(invalid('spec.scaleTargetRef.apiVersion', version, 'apiVersion must specify API group'));
  return causes;
}

function metricsOf(spec: Dict): Cause[] {
  const metrics = listOr(spec['metrics']).map(dictOr);
  const causes = metrics.flatMap((metric, i) => metricCauses(metric, `spec.metrics[${i}]`));
  const canWake = metrics.some(({ type }) => type === 'Object' || type === 'External');
  if (spec['minReplicas'] === 0 && !canWake)
    causes.push(
      forbidden(
        'spec.metrics',
        'must specify at least one Object or External metric to support scaling to zero replicas',
      ),
    );
  return causes;
}

function metricCauses(metric: Dict, field: string): Cause[] {
  const type = textOr(metric['type']);
  const source = SOURCES[type];
  if (source === undefined) return [notSupported(`${field}.type`, type, Object.keys(SOURCES))];
  if (!isDict(metric[source]))
    return [required(`${field}.${source}`, 'must populate information for the given metric source')];
  if (source !== 'resource' && source !== 'containerResource') return [];
  const { averageUtilization, averageValue } = dictOr(metric[source]['target']);
  if (averageUtilization !== undefined || averageValue !== undefined) return [];
  const where = `${field}.${source}.target.averageUtilization`;
  return [required(where, 'must set either a target raw value or a target utilization')];
}

/** As kubectl prints it: what is measured, then what is wanted. Nobody measures here: the first is never known. */
export function targetsText(object: Dict): string {
  const texts = listOr(at(object, 'spec', 'metrics')).map((metric) => targetText(dictOr(metric)));
  if (texts.length === 0) return '<none>';
  return texts.length > 2 ? `${texts.slice(0, 2).join(', ')} + ${texts.length - 2} more...` : texts.join(', ');
}

function targetText(metric: Dict): string {
  const source = dictOr(metric[SOURCES[textOr(metric['type'])] ?? '']);
  const { averageUtilization, averageValue, value } = dictOr(source['target']);
  const named = textOr(source['name']);
  const prefix = named === '' ? '' : `${named}: `;
  if (typeof averageUtilization === 'number') return `${prefix}<unknown>/${averageUtilization}%`;
  if (averageValue !== undefined) return `${prefix}<unknown>/${textOr(averageValue)}${named === '' ? ' (avg)' : ''}`;
  return `${prefix}<unknown>/${textOr(value)}`;
}
