// What a Rollout must fulfil beyond the form of its fields. CEL rules of the schema say the same where CEL can.
import type { z } from 'zod';
import { argumentIssues } from './analysis-rules.ts';
import { durationMs } from './fields.ts';
import type { Issue } from './result.ts';
import { POD_TEMPLATE_HASH } from './names.ts';
import type { BlueGreen, Canary, rolloutSpecSchema, SetCanaryScale, Step } from './rollout.ts';

type Spec = z.infer<typeof rolloutSpecSchema>;

const CANARY = 'spec.strategy.canary';

export function rolloutIssues(spec: Spec): Issue[] {
  return [...selectorIssues(spec), ...templateIssues(spec.template), ...deadlineIssues(spec), ...strategyIssues(spec)];
}

function strategyIssues({ strategy: { canary, blueGreen }, selector, restartAt }: Spec): Issue[] {
  if ((canary === undefined) === (blueGreen === undefined))
    return [{ field: 'spec.strategy', message: 'give a strategy: canary or blueGreen, one of them' }];
  const time: Issue[] =
    restartAt === undefined || !Number.isNaN(Date.parse(restartAt))
      ? []
      : [{ field: 'spec.restartAt', message: 'must be a time in RFC 3339, such as 2026-01-31T12:00:00Z' }];
  return [
    ...time,
    ...(canary === undefined ? [] : canaryIssues(canary)),
    ...(blueGreen === undefined ? [] : blueGreenIssues(blueGreen, selector)),
  ];
}

const BLUE_GREEN = 'spec.strategy.blueGreen';

function blueGreenIssues(blueGreen: BlueGreen, selector: Spec['selector']): Issue[] {
  const { activeService, previewService, prePromotionAnalysis: before, postPromotionAnalysis: after } = blueGreen;
  const isSame = previewService === activeService;
  return [
    ...(isSame
      ? [{ field: `${BLUE_GREEN}.previewService`, message: 'must be another Service than activeService' }]
      : []),
    ...countIssues(blueGreen.maxUnavailable, `${BLUE_GREEN}.maxUnavailable`),
    ...argumentIssues(before?.args, `${BLUE_GREEN}.prePromotionAnalysis.args`),
    ...argumentIssues(after?.args, `${BLUE_GREEN}.postPromotionAnalysis.args`),
    ...metadataIssues(blueGreen, selector),
  ];
}

/** By these labels pods are told apart: no side may change them. */
function metadataIssues(blueGreen: BlueGreen, { matchLabels = {}, matchExpressions = [] }: Spec['selector']): Issue[] {
  const taken = new Set([...Object.keys(matchLabels), ...matchExpressions.map(({ key }) => key), POD_TEMPLATE_HASH]);
  return (['previewMetadata', 'activeMetadata'] as const).flatMap((field) =>
    Object.keys(blueGreen[field]?.labels ?? {})
      .filter((label) => taken.has(label))
      .map((label) => ({
        field: `${BLUE_GREEN}.${field}.labels`,
        message: `must not have ${label}: the selector goes by it; choose another label`,
      })),
  );
}

function selectorIssues({ selector, template }: Spec): Issue[] {
  const wanted = Object.entries(selector.matchLabels ?? {});
  const field = 'spec.selector';
  if (wanted.length === 0 && (selector.matchExpressions ?? []).length === 0)
    return [{ field, message: 'must not be empty: give matchLabels, such as app: web' }];
  const metadata = template['metadata'] as { labels?: Record<string, unknown> } | undefined;
  const labels = metadata?.labels ?? {};
  return wanted.flatMap(([key, value]) =>
    labels[key] === value
      ? []
      : [
          {
            field: 'spec.template.metadata.labels',
            message: `must have ${key}: ${value}, which the selector asks for`,
          },
        ],
  );
}

function templateIssues(template: Record<string, unknown>): Issue[] {
  const spec = template['spec'] as { containers?: unknown } | null | undefined;
  if (Array.isArray(spec?.containers) && spec.containers.length > 0) return [];
  return [{ field: 'spec.template.spec.containers', message: 'needs at least one container' }];
}

function deadlineIssues(spec: Spec): Issue[] {
  if ((spec.minReadySeconds ?? 0) < (spec.progressDeadlineSeconds ?? 600)) return [];
  return [{ field: 'spec.progressDeadlineSeconds', message: 'must be greater than minReadySeconds' }];
}

function canaryIssues(canary: Canary): Issue[] {
  return [
    ...serviceIssues(canary),
    ...routerIssues(canary),
    ...surgeIssues(canary),
    ...(canary.steps ?? []).flatMap((step, i) =>
      stepIssues(step, `${CANARY}.steps[${String(i)}]`, canary.trafficRouting !== undefined),
    ),
    ...backgroundIssues(canary),
  ];
}

function serviceIssues({ canaryService, stableService, trafficRouting, scaleDownDelaySeconds }: Canary): Issue[] {
  const issues: Issue[] = [];
  if (canaryService !== undefined && canaryService === stableService)
    issues.push({ field: `${CANARY}.canaryService`, message: 'must be another Service than stableService' });
  const isSubset = trafficRouting?.istio?.destinationRule !== undefined;
  if (trafficRouting !== undefined && !isSubset && (canaryService === undefined || stableService === undefined))
    issues.push({
      field: `${CANARY}.trafficRouting`,
      message: 'needs canaryService and stableService (or an istio.destinationRule)',
    });
  if (trafficRouting === undefined && scaleDownDelaySeconds !== undefined)
    issues.push({ field: `${CANARY}.scaleDownDelaySeconds`, message: 'needs trafficRouting; leave it out' });
  return issues;
}

function routerIssues({ trafficRouting }: Canary): Issue[] {
  if (trafficRouting === undefined) return [];
  const field = `${CANARY}.trafficRouting`;
  const { istio, gatewayAPI } = trafficRouting;
  const issues: Issue[] = [];
  if (istio === undefined && gatewayAPI === undefined)
    issues.push({ field, message: 'name a router: istio or gatewayAPI' });
  if (istio !== undefined && (istio.virtualService === undefined) === (istio.virtualServices === undefined))
    issues.push({ field: `${field}.istio`, message: 'give virtualService or virtualServices, one of them' });
  if (gatewayAPI !== undefined && (gatewayAPI.httpRoute === undefined) === (gatewayAPI.httpRoutes === undefined))
    issues.push({ field: `${field}.gatewayAPI`, message: 'give httpRoute or httpRoutes, one of them' });
  return issues;
}

function countIssues(value: string | number | undefined, field: string): Issue[] {
  const isCount = value === undefined || (typeof value === 'number' ? value >= 0 : /^[0-9]+%$/.test(value));
  return isCount ? [] : [{ field, message: 'must be a whole number such as 1, or a percentage such as 25%' }];
}

function surgeIssues({ maxSurge, maxUnavailable }: Canary): Issue[] {
  const isZero = (value: string | number | undefined): boolean => value === 0 || value === '0%';
  const stuck = isZero(maxSurge) && isZero(maxUnavailable);
  return [
    ...countIssues(maxSurge, `${CANARY}.maxSurge`),
    ...countIssues(maxUnavailable, `${CANARY}.maxUnavailable`),
    ...(stuck
      ? [
          {
            field: `${CANARY}.maxSurge`,
            message: 'and maxUnavailable must not both be 0: no pod could ever be replaced',
          },
        ]
      : []),
  ];
}

function stepIssues(step: Step, field: string, hasRouter: boolean): Issue[] {
  const kinds = [step.setWeight, step.pause, step.analysis, step.setCanaryScale].filter((kind) => kind !== undefined);
  if (kinds.length !== 1)
    return [{ field, message: 'a step is exactly one of setWeight, pause, analysis, setCanaryScale' }];
  return [
    ...pauseIssues(step, field),
    ...(step.setCanaryScale === undefined
      ? []
      : scaleIssues(step.setCanaryScale, `${field}.setCanaryScale`, hasRouter)),
    ...argumentIssues(step.analysis?.args, `${field}.analysis.args`),
  ];
}

function pauseIssues({ pause }: Step, field: string): Issue[] {
  if (pause?.duration === undefined || (durationMs(pause.duration) ?? 0) > 0) return [];
  const message = 'must be more than 0: whole seconds, or a duration such as 30s, 5m or 1h30m';
  return [{ field: `${field}.pause.duration`, message }];
}

function scaleIssues(scale: SetCanaryScale, field: string, hasRouter: boolean): Issue[] {
  const given = [scale.replicas !== undefined, scale.weight !== undefined, scale.matchTrafficWeight === true];
  const issues: Issue[] = [];
  if (given.filter(Boolean).length !== 1)
    issues.push({ field, message: 'takes exactly one of replicas, weight, matchTrafficWeight: true' });
  if (!hasRouter) issues.push({ field, message: 'needs trafficRouting' });
  return issues;
}

function backgroundIssues({ analysis, steps }: Canary): Issue[] {
  const field = `${CANARY}.analysis`;
  const late = (analysis?.startingStep ?? 0) > (steps ?? []).length;
  return [
    ...(late ? [{ field: `${field}.startingStep`, message: 'must not be after the last step' }] : []),
    ...argumentIssues(analysis?.args, `${field}.args`),
  ];
}
