// Objects that must be refused at admission, and what the refusal says. Shared by every place that refuses them.

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
export const application = (source: Json): Json =>
  wrap('Application', { source: { repoURL: 'https://git.example.com/shop.git', ...source } });

const CANARY = 'spec.strategy.canary';
const SERVICES = { canaryService: 'web-canary', stableService: 'web-stable' };
const ROUTER = { trafficRouting: { istio: { virtualService: { name: 'web' } } } };
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
  bad(
    'a pause of 0',
    rollout({ steps: [{ pause: { duration: 0 } }] }),
    `${CANARY}.steps[0].pause.duration`,
    'more than 0',
  ),
  bad(
    'a pause that is no duration',
    rollout({ steps: [{ pause: { duration: 'soon' } }] }),
    `${CANARY}.steps[0].pause.duration`,
    'such as 30s',
  ),
  bad(
    'scale without a router',
    rollout({ steps: [{ setCanaryScale: { replicas: 1 } }] }),
    CANARY,
    'needs trafficRouting',
  ),
  bad('one Service for both', rollout({ canaryService: 'web', stableService: 'web' }), CANARY, 'Service'),
  bad('a router without Services', rollout(ROUTER), CANARY, 'needs canaryService and stableService'),
  bad('no router named', rollout({ ...SERVICES, trafficRouting: {} }), `${CANARY}.trafficRouting`, 'name a router'),
  bad('neither surge nor unavailable', rollout({ maxSurge: 0, maxUnavailable: '0%' }), CANARY, 'both be 0'),
  bad('a share without percent', rollout({ maxSurge: '25' }), `${CANARY}.maxSurge`, 'such as 25%'),
  bad('no strategy', rollout({}, { strategy: {} }), 'spec.strategy', 'give a strategy'),
  bad('an empty selector', rollout({}, { selector: {} }), 'spec.selector', 'must not be empty'),
  bad('a deadline before ready', rollout({}, { minReadySeconds: 600 }), 'spec', 'greater than minReadySeconds'),
  bad('count without interval', analysis({ count: 3 }), 'spec.metrics[0]', 'interval'),
  bad('an interval of 0', analysis({ interval: '0s' }), 'spec.metrics[0]', 'at least 1s'),
  bad('an interval below a second', analysis({ interval: '999ms' }), 'spec.metrics[0]', 'at least 1s'),
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
  bad('polling without pause', application({ interval: '1s' }), 'spec.source', 'at least 5s'),
  bad('a timeout of a year', application({ timeout: '9999h' }), 'spec.source', 'from 1s to 5m'),
  bad(
    'two metrics of one name',
    analysis({}, [{ name: 'ok', provider: { prometheus: { query: 'up' } } }]),
    'spec.metrics',
    'name',
  ),
  bad('no limit at all', analysis({ interval: '1s', failureLimit: -1 }), 'spec.metrics[0]', 'consecutiveSuccessLimit'),
  bad(
    'a limit out of reach',
    analysis({ interval: '1s', count: 2, failureLimit: 3 }),
    'spec.metrics[0]',
    'at least failureLimit',
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
    'a repository over ssh',
    application({ repoURL: 'git@git.example.com:shop.git' }),
    'spec.source',
    'http or https URL',
  ),
  bad(
    'credentials in the URL',
    application({ repoURL: 'https://me:secret@git.example.com/shop.git' }),
    'spec.source',
    'credentials',
  ),
  bad('a path out of the repository', application({ path: '../other' }), 'spec.source', 'inside the repository'),
];
