// Objects that must be refused: at admission, or where that cannot tell, by the controller; and what the refusal says. Shared by every
// place that refuses them.

type Json = Record<string, unknown>;
export interface BadObject {
  title: string;
  object: Json;
  field: string;
  message: string;
}

const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'web:1' }] } };
const wrap = (kind: string, spec: Json): Json => ({
  apiVersion: 'sluice.dev/v1alpha1',
  kind,
  metadata: { name: 'bad' },
  spec,
});

export const rollout = (canary: Json, more: Json = {}): Json =>
  wrap('Rollout', { replicas: 1, selector: { matchLabels: { app: 'web' } }, template, strategy: { canary }, ...more });
export const analysis = (metric: Json, others: Json[] = []): Json =>
  wrap('AnalysisTemplate', {
    metrics: [{ name: 'ok', provider: { prometheus: { query: 'up' } }, ...metric }, ...others],
  });
export const application = (source: Json, more: Json = {}): Json =>
  wrap('Application', { source: { repoURL: 'https://git.example.com/shop.git', ...source }, ...more });

/** A Rollout by the blue-green strategy. */
const blueGreen = (fields: Json): Json => rollout({}, { strategy: { blueGreen: { activeService: 'web', ...fields } } });
/** An analysis of a step, with these arguments. */
const asked = (args: Json[]): Json => rollout({ steps: [{ analysis: { templates: [{ templateName: 'ok' }], args } }] });

const CANARY = 'spec.strategy.canary';
const BLUE_GREEN = 'spec.strategy.blueGreen';
const SERVICES = { canaryService: 'web-canary', stableService: 'web-stable' };
const ROUTER = { trafficRouting: { istio: { virtualService: { name: 'web' } } } };
const HEADER = { headerName: 'X-Preview', headerValue: { exact: 'yes' } };
const bad = (title: string, object: Json, field: string, message: string): BadObject => ({
  title,
  object,
  field,
  message,
});

export const BAD_OBJECTS: BadObject[] = [
  bad(
    'a step of two kinds',
    rollout({ steps: [{ setWeight: 10, pause: {} }] }),
    `${CANARY}.steps[0]`,
    'exactly one of setWeight',
  ),
  bad('an empty step', rollout({ steps: [{}] }), `${CANARY}.steps[0]`, 'exactly one of setWeight'),
  bad('a weight above 100', rollout({ steps: [{ setWeight: 101 }] }), `${CANARY}.steps[0].setWeight`, '100'),
  bad('a pause of 0', rollout({ steps: [{ pause: { duration: 0 } }] }), `${CANARY}.steps[0].pause.duration`, 'above 0'),
  bad(
    'a pause that is no duration',
    rollout({ steps: [{ pause: { duration: 'soon' } }] }),
    `${CANARY}.steps[0].pause.duration`,
    'such as 30s',
  ),
  bad(
    'scale without a router',
    rollout({ steps: [{ setCanaryScale: { replicas: 1 } }] }),
    `${CANARY}.steps`,
    'needs trafficRouting',
  ),
  bad(
    'a scale by two measures',
    rollout({ ...SERVICES, ...ROUTER, steps: [{ setCanaryScale: { replicas: 1, weight: 10 } }] }),
    `${CANARY}.steps[0].setCanaryScale`,
    'exactly one of replicas',
  ),
  bad(
    'one Service for both',
    rollout({ canaryService: 'web', stableService: 'web' }),
    `${CANARY}.canaryService`,
    'another Service',
  ),
  bad(
    'a router without Services',
    rollout(ROUTER),
    `${CANARY}.trafficRouting`,
    'needs canaryService and stableService',
  ),
  bad(
    'a VirtualService and more of them',
    rollout({
      ...SERVICES,
      trafficRouting: { istio: { virtualService: { name: 'web' }, virtualServices: [{ name: 'web' }] } },
    }),
    `${CANARY}.trafficRouting.istio`,
    'one of them',
  ),
  bad(
    'no HTTPRoute',
    rollout({ ...SERVICES, trafficRouting: { gatewayAPI: {} } }),
    `${CANARY}.trafficRouting.gatewayAPI`,
    'give httpRoute or httpRoutes',
  ),
  bad(
    'a delay for what no router drives',
    rollout({ scaleDownDelaySeconds: 30 }),
    `${CANARY}.scaleDownDelaySeconds`,
    'needs trafficRouting',
  ),
  bad(
    'a background analysis after the last step',
    rollout({ steps: [{ setWeight: 10 }], analysis: { templates: [{ templateName: 'ok' }], startingStep: 2 } }),
    `${CANARY}.analysis.startingStep`,
    'after the last step',
  ),
  bad(
    'an argument of two values',
    asked([{ name: 'service', value: 'web', valueFrom: { podTemplateHashValue: 'Latest' } }]),
    `${CANARY}.steps[0].analysis.args[0]`,
    'not both',
  ),
  bad('no router named', rollout({ ...SERVICES, trafficRouting: {} }), `${CANARY}.trafficRouting`, 'name a router'),
  bad(
    'neither surge nor unavailable',
    rollout({ maxSurge: 0, maxUnavailable: '0%' }),
    `${CANARY}.maxSurge`,
    'must not be 0',
  ),
  bad('a share without percent', rollout({ maxSurge: '25' }), `${CANARY}.maxSurge`, 'such as 25%'),
  bad('no strategy', rollout({}, { strategy: {} }), 'spec.strategy', 'give a strategy'),
  bad(
    'one Service for preview and production',
    blueGreen({ previewService: 'web' }),
    `${BLUE_GREEN}.previewService`,
    'another Service',
  ),
  bad('a router and no preview', blueGreen(ROUTER), `${BLUE_GREEN}.trafficRouting`, 'needs a previewService'),
  bad(
    'a preview route without a router',
    blueGreen({ previewRoute: { match: [HEADER] } }),
    `${BLUE_GREEN}.previewRoute`,
    'needs trafficRouting',
  ),
  bad(
    'weights without a router',
    blueGreen({ promotionSteps: [{ setWeight: 10 }] }),
    `${BLUE_GREEN}.promotionSteps`,
    'needs trafficRouting',
  ),
  bad(
    'a step of two kinds on the way',
    blueGreen({ previewService: 'preview', ...ROUTER, promotionSteps: [{ setWeight: 10, pause: {} }] }),
    `${BLUE_GREEN}.promotionSteps[0]`,
    'exactly one of',
  ),
  bad(
    'a header in two forms',
    blueGreen({
      previewService: 'preview',
      ...ROUTER,
      previewRoute: { match: [{ ...HEADER, headerValue: { exact: 'a', prefix: 'b' } }] },
    }),
    `${BLUE_GREEN}.previewRoute.match[0].headerValue`,
    'one of them',
  ),
  bad(
    'a header twice',
    blueGreen({
      previewService: 'preview',
      ...ROUTER,
      previewRoute: { match: [HEADER, { ...HEADER, headerName: 'x-preview' }] },
    }),
    `${BLUE_GREEN}.previewRoute.match`,
    'names a header twice',
  ),
  bad(
    'a preview without pods that is to be measured',
    blueGreen({ previewReplicaCount: 0, prePromotionAnalysis: { templates: [{ templateName: 'success-rate' }] } }),
    `${BLUE_GREEN}.previewReplicaCount`,
    'at least 1 with prePromotionAnalysis',
  ),
  bad('an affinity of no kind', blueGreen({ antiAffinity: {} }), `${BLUE_GREEN}.antiAffinity`, 'one of them'),
  bad('a restart on a day', rollout({}, { restartAt: '2026-01-31' }), 'spec.restartAt', 'RFC 3339'),
  bad('an empty selector', rollout({}, { selector: {} }), 'spec.selector', 'must not be empty'),
  bad(
    'a deadline before ready',
    rollout({}, { minReadySeconds: 600 }),
    'spec.progressDeadlineSeconds',
    'minReadySeconds',
  ),
  bad('count without interval', analysis({ count: 3 }), 'spec.metrics[0].interval', 'is required'),
  bad('an interval of 0', analysis({ interval: '0s' }), 'spec.metrics[0].interval', 'at least 1s'),
  bad('an interval below a second', analysis({ interval: '999ms' }), 'spec.metrics[0].interval', 'at least 1s'),
  bad(
    'a header that names a host',
    analysis({ provider: { prometheus: { query: 'up', headers: [{ key: 'HOST', value: 'x' }] } } }),
    'spec.metrics[0].provider.prometheus.headers[0]',
    'may not be set',
  ),
  bad(
    'a header with a line end',
    analysis({ provider: { prometheus: { query: 'up', headers: [{ key: 'X-A', value: 'x\r\ny' }] } } }),
    'spec.metrics[0].provider.prometheus.headers[0].value',
    '',
  ),
  bad(
    'a header with a control character',
    analysis({ provider: { prometheus: { query: 'up', headers: [{ key: 'X-A', value: 'x\u0000y' }] } } }),
    'spec.metrics[0].provider.prometheus.headers[0].value',
    '',
  ),
  bad('polling without pause', application({ interval: '1s' }), 'spec.source.interval', 'at least 5s'),
  bad(
    'a commit that is to be merged',
    application({}, { writeBack: { onAbort: 'Commit', autoMerge: true } }),
    'spec.writeBack.autoMerge',
    'needs onAbort: PullRequest',
  ),
  bad('a timeout of a year', application({ timeout: '9999h' }), 'spec.source.timeout', 'from 1s to 5m'),
  bad(
    'two metrics of one name',
    analysis({}, [{ name: 'ok', provider: { prometheus: { query: 'up' } } }]),
    'spec.metrics',
    'name',
  ),
  bad(
    'no limit at all',
    analysis({ interval: '1s', failureLimit: -1 }),
    'spec.metrics[0].failureLimit',
    'consecutiveSuccessLimit',
  ),
  bad(
    'a limit out of reach',
    analysis({ interval: '1s', count: 2, failureLimit: 3 }),
    'spec.metrics[0].count',
    'at least failureLimit',
  ),
  bad(
    'a limit above the one measurement',
    analysis({ failureLimit: 1, consecutiveSuccessLimit: 1 }),
    'spec.metrics[0].count',
    'at least failureLimit',
  ),
  bad(
    'more that is unclear than is measured',
    analysis({ interval: '1s', count: 2, inconclusiveLimit: 3 }),
    'spec.metrics[0].count',
    'at least inconclusiveLimit',
  ),
  bad('a count in words', analysis({ interval: '1s', count: 'two' }), 'spec.metrics[0].count', 'whole number'),
  bad('a count below 0', analysis({ count: -1 }), 'spec.metrics[0].count', 'whole number'),
  bad(
    'errors in words',
    analysis({ consecutiveErrorLimit: 'two' }),
    'spec.metrics[0].consecutiveErrorLimit',
    'whole number',
  ),
  bad(
    'successes below 0',
    analysis({ consecutiveSuccessLimit: -1 }),
    'spec.metrics[0].consecutiveSuccessLimit',
    'whole number',
  ),
  bad('a limit below -1', analysis({ failureLimit: -2 }), 'spec.metrics[0].failureLimit', 'whole number'),
  bad('a limit in words', analysis({ inconclusiveLimit: 'two' }), 'spec.metrics[0].inconclusiveLimit', 'whole number'),
  bad('no provider', analysis({ provider: {} }), 'spec.metrics[0].provider', 'name a provider'),
  bad(
    'an address without scheme',
    analysis({ provider: { prometheus: { query: 'up', address: 'prometheus:9090' } } }),
    'spec.metrics[0].provider.prometheus.address',
    'http or https URL',
  ),
  bad(
    'a repository over a protocol that is not spoken',
    application({ repoURL: 'git://git.example.com/shop.git' }),
    'spec.source.repoURL',
    'http, https or ssh URL',
  ),
  bad(
    'a path over ssh that would be an option of a program',
    application({ repoURL: 'git@git.example.com:--upload-pack=x' }),
    'spec.source.repoURL',
    'http, https or ssh URL',
  ),
  bad(
    'a password in a URL over ssh',
    application({ repoURL: 'ssh://git:secret@git.example.com/shop.git' }),
    'spec.source.repoURL',
    'credentials',
  ),
  bad(
    'credentials in the URL',
    application({ repoURL: 'https://me:secret@git.example.com/shop.git' }),
    'spec.source.repoURL',
    'credentials',
  ),
  bad(
    'values of a chart from elsewhere',
    application({ helm: { valueFiles: ['values.yaml', 'https://example.com/values.yaml'] } }),
    'spec.source.helm.valueFiles[1]',
    'must be a path in the repository',
  ),
  bad(
    'values of a chart by a path of the machine',
    application({ helm: { valueFiles: ['/etc/values.yaml'] } }),
    'spec.source.helm.valueFiles[0]',
    'must be a path in the repository',
  ),
  bad(
    'a release name that helm does not take',
    application({ helm: { releaseName: 'Web_1' } }),
    'spec.source.helm.releaseName',
    'such as web',
  ),
  bad(
    'a window of half a minute',
    application({}, { sync: { windows: [{ kind: 'Deny', schedule: '0 9 * * *', duration: '30s' }] } }),
    'spec.sync.windows[0].duration',
    'from 1m to 744h',
  ),
  bad(
    'a window that begins by seconds',
    application({}, { sync: { windows: [{ kind: 'Deny', schedule: '0 0 9 * * *', duration: '1h' }] } }),
    'spec.sync.windows[0].schedule',
    'five fields of cron',
  ),
  bad('a path out of the repository', application({ path: '../other' }), 'spec.source.path', 'inside the repository'),
];

/** What no CEL of ours can tell: admitted, and refused by the controller. */
export const LATE_OBJECTS: BadObject[] = [
  bad(
    'a template without a label that is selected',
    rollout({}, { selector: { matchLabels: { app: 'other' } } }),
    'spec.template.metadata.labels',
    'must have app: other, which the selector asks for',
  ),
  bad(
    'a template without containers',
    rollout({}, { template: { ...template, spec: { containers: [] } } }),
    'spec.template.spec.containers',
    'needs at least one container',
  ),
  bad(
    'a label of the preview that is selected',
    blueGreen({ previewMetadata: { labels: { app: 'preview' } } }),
    `${BLUE_GREEN}.previewMetadata.labels`,
    'must not have app: the selector goes by it; choose another label',
  ),
  bad(
    'two arguments of one name',
    asked([
      { name: 'service', value: 'a' },
      { name: 'service', value: 'b' },
    ]),
    `${CANARY}.steps[0].analysis.args[1].name`,
    'names must differ: service is there already',
  ),
  bad(
    'a delay of more than a clock counts',
    analysis({ initialDelay: `${'9'.repeat(20)}h` }),
    'spec.metrics[0].initialDelay',
    'must be no longer than a clock can count',
  ),
];
