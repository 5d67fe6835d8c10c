// The dependency rule of ARCHITECTURE.md. Each arrow that is not allowed here is an error.
const NODE_IO = '^(node:)?(fs|net|http|https|child_process|timers|worker_threads|os|dns|tls|process)(/|$)';
const LIBRARIES_WITH_IO = 'node_modules/(@kubernetes|undici|axios|isomorphic-git|prom-client|ssh2)/';
// What a package shows: the files that its `exports` name.
const doors = ['kube-schema', 'kube-sandbox'].flatMap((name) =>
  Object.values(require(`./packages/${name}/package.json`).exports).map(
    (file) => `^packages/${name}/${file.slice(2).replaceAll('.', '[.]')}$`,
  ),
);
// Of a provider the form of its fields and the language of its queries are pure; the rest talks to a store.
const FORMS = 'providers/(forms|[^/]+/(schema|language))\\.ts$';
const pure = `^src/(api|rollout|traffic|secrecy|ledger)/|^src/analysis/((?!providers/)|${FORMS})`;
// Of a router the form of its fields; the list of forms names them.
const ROUTER_FORMS = 'traffic/(forms|[^/]+/schema)\\.ts$';
const providers = `^src/analysis/(?!${FORMS})providers/`;

// What of the agent looks, and what carries out. All the rest is what it decides by.
const carriesOut = `(${[
  'application-controller|observe|execute|doing',
  'sync/(apply|batch|check|give-up|hooks/carry-out|live|remove|suggest|try)',
  'revert/(keep|snapshot-keys|stable)',
  'report/(errands|propose|push|tell|withdraw)',
  'source/(repository|sources)',
].join('|')})\\.ts$`;
const carryingOut = `^src/application/${carriesOut}`;
const decisions = `^src/application/(?!${carriesOut})`;

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-cycle', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'api-knows-only-schemas',
      severity: 'error',
      from: { path: '^src/api/' },
      comment:
        'zod, what a range of versions is, and the forms of providers and routers, which are written beside them.',
      to: {
        pathNot: `^src/api/|^src/analysis/${FORMS}|^src/${ROUTER_FORMS}|node_modules/(zod|croner|semver|@types/semver)/`,
      },
    },
    {
      name: 'forms-of-providers-know-only-the-api',
      severity: 'error',
      from: { path: `^src/analysis/${FORMS}` },
      to: { pathNot: `^src/api/|^src/analysis/${FORMS}|node_modules/zod/` },
    },
    {
      name: 'forms-of-routers-know-only-the-api',
      severity: 'error',
      from: { path: `^src/${ROUTER_FORMS}` },
      to: { pathNot: `^src/api/|^src/${ROUTER_FORMS}|node_modules/zod/` },
    },
    {
      name: 'the-ledger-knows-only-the-api',
      severity: 'error',
      comment:
        'And the forms of providers, which say where a query stands; times as people write them are read by a library.',
      from: { path: '^src/ledger/' },
      to: { pathNot: `^src/(ledger|api)/|^src/analysis/${FORMS}|node_modules/chrono-node/` },
    },
    {
      name: 'routers-do-not-know-each-other',
      severity: 'error',
      comment: 'One folder each; what they share is beside them.',
      from: { path: '^src/traffic/([^/]+)/' },
      to: { path: '^src/traffic/[^/]+/', pathNot: '^src/traffic/$1/' },
    },
    {
      name: 'routers-are-reached-by-their-lists',
      severity: 'error',
      comment: 'What is special of one is said by its module. The demo is a story about one of them.',
      from: { path: '^src/', pathNot: ['^src/traffic/(forms|modules)\\.ts$', '^src/traffic/[^/]+/', '^src/cli/demo/'] },
      to: { path: '^src/traffic/[^/]+/' },
    },
    {
      name: 'packages-know-nothing-of-the-project',
      severity: 'error',
      comment: 'A stranger can take them as they are.',
      from: { path: '^packages/' },
      to: { path: '^(src|test|scripts|crds|charts)/' },
    },
    {
      name: 'packages-are-reached-by-their-doors',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^packages/', pathNot: doors },
    },
    {
      name: 'packages-reach-each-other-by-their-doors',
      severity: 'error',
      from: { path: '^packages/([^/]+)/' },
      to: { path: '^packages/', pathNot: ['^packages/$1/', ...doors] },
    },
    {
      name: 'schemas-are-pure',
      severity: 'error',
      comment: 'node:net only reads addresses there.',
      from: { path: '^packages/kube-schema/src/' },
      to: { pathNot: '^packages/kube-schema/src/|^(node:)?(net|util)$' },
    },
    {
      name: 'pure-core-imports-no-adapter',
      severity: 'error',
      from: { path: pure },
      to: {
        path: `^src/(kube|git|forge|source|egress|http|application|controller|server|cli)/|^packages/kube-sandbox/|${providers}|^src/main`,
      },
    },
    {
      name: 'pure-core-imports-no-io',
      severity: 'error',
      from: { path: pure },
      to: { path: `${NODE_IO}|${LIBRARIES_WITH_IO}` },
    },
    {
      name: 'decisions-of-the-agent-import-no-io',
      severity: 'error',
      from: { path: decisions },
      to: { path: `${NODE_IO}|${LIBRARIES_WITH_IO}` },
    },
    {
      name: 'decisions-of-the-agent-know-no-cluster',
      severity: 'error',
      comment: 'Types may be named; what talks to the cluster or to Git may not be called.',
      from: { path: decisions },
      to: {
        path: '^src/(kube|git|forge|source|egress|http|controller|server|cli)/|^packages/kube-sandbox/|^src/main',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'decisions-of-the-agent-carry-nothing-out',
      severity: 'error',
      from: { path: decisions },
      to: { path: carryingOut, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'the-agent-reaches-repositories-by-their-port',
      severity: 'error',
      comment:
        'What strangers wrote is read behind ports/source-reader, in another process; the agent knows the types of Git alone.',
      from: { path: '^src/application/' },
      to: { path: '^src/(git|forge|source|egress|http)/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'the-loops-know-no-agent',
      severity: 'error',
      from: { path: '^src/controller/' },
      to: { path: '^src/(application|git|forge|source|egress|http|server|cli)/|^src/main' },
    },
    {
      name: 'ports-know-only-the-api',
      severity: 'error',
      from: { path: '^src/ports/' },
      to: { path: '^src/', pathNot: '^src/(ports|api)/' },
    },
    {
      name: 'the-server-knows-only-ports',
      severity: 'error',
      from: { path: '^src/server/' },
      to: { path: '^src/', pathNot: '^src/(server|ports|api|secrecy)/' },
    },
    {
      name: 'adapters-do-not-know-each-other',
      severity: 'error',
      from: { path: '^src/(kube|git|egress|http|analysis/providers)/' },
      to: {
        path: '^src/(kube|git|forge|source|egress|http|analysis/providers|application|controller|server|cli)/|^packages/kube-sandbox/',
        pathNot: '^src/$1/',
      },
    },
    {
      name: 'readers-know-only-git-and-how-manifests-are-read',
      severity: 'error',
      from: { path: '^src/source/' },
      to: {
        path: '^src/',
        pathNot: '^src/(source|git|ports|api)/|^src/application/source/(documents|manifests|utf8|yaml)\\.ts$',
      },
    },
    {
      name: 'forges-know-only-ports',
      severity: 'error',
      comment: 'They build requests and read answers; ports/http sends them.',
      from: { path: '^src/forge/' },
      to: { pathNot: '^src/(forge|ports|api)/|node_modules/zod/' },
    },
    {
      name: 'egress-and-http-know-only-their-ports',
      severity: 'error',
      from: { path: '^src/(egress|http)/' },
      to: { path: '^src/', pathNot: '^src/($1|ports|api)/' },
    },
    {
      name: 'plans-know-no-adapter',
      severity: 'error',
      comment: 'What a checkout declares and what a change would do is said of values; types alone may be named.',
      from: { path: '^src/plan/' },
      to: {
        path: `^src/(kube|git|forge|source|egress|http|controller|server|cli)/|^packages/kube-sandbox/|${providers}|${carryingOut}|^src/main`,
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'plans-import-no-io',
      severity: 'error',
      from: { path: '^src/plan/' },
      to: { path: `${NODE_IO}|${LIBRARIES_WITH_IO}` },
    },
    {
      name: 'only-the-command-line-knows-plans',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(cli|plan)/' },
      to: { path: '^src/plan/' },
    },
    {
      name: 'only-the-command-line-knows-the-sandbox',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/cli/' },
      to: { path: '^packages/kube-sandbox/' },
    },
    {
      name: 'only-the-kube-adapter-names-client-node',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/kube/' },
      to: { path: 'node_modules/@kubernetes/' },
    },
    {
      name: 'only-the-http-adapter-names-axios',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/http/' },
      to: { path: 'node_modules/axios/' },
    },
    {
      name: 'only-the-git-adapter-names-isomorphic-git',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/git/' },
      to: { path: 'node_modules/isomorphic-git/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
      extensions: ['.ts', '.js', '.json'],
    },
  },
};
