// The dependency rule of ARCHITECTURE.md. Each arrow that is not allowed here is an error.
const NODE_IO = '^(node:)?(fs|net|http|https|child_process|timers|worker_threads|os|dns|tls|process)(/|$)';
const pure = '^src/(api|rollout|traffic)/|^src/analysis/(?!providers/)';

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-cycle', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'api-knows-only-zod',
      severity: 'error',
      from: { path: '^src/api/' },
      to: { pathNot: '^src/api/|node_modules/zod/' },
    },
    {
      name: 'pure-core-imports-no-adapter',
      severity: 'error',
      from: { path: pure },
      to: {
        path: '^src/(kube|git|egress|application|controller|server|cli|sandbox|notify)/|^src/analysis/providers/|^src/main',
      },
    },
    {
      name: 'pure-core-imports-no-io',
      severity: 'error',
      from: { path: pure },
      to: { path: `${NODE_IO}|node_modules/(@kubernetes|undici|axios|isomorphic-git|prom-client)/` },
    },
    {
      name: 'adapters-do-not-know-each-other',
      severity: 'error',
      from: { path: '^src/(kube|git|egress|analysis/providers)/' },
      to: {
        path: '^src/(kube|git|egress|analysis/providers|application|controller|server|cli|sandbox)/',
        pathNot: '^src/$1/',
      },
    },
    {
      name: 'only-the-command-line-knows-the-sandbox',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(sandbox|cli)/|^src/main' },
      to: { path: '^src/sandbox/' },
    },
    {
      name: 'the-sandbox-knows-no-controller',
      severity: 'error',
      comment: 'The sandbox plays the cluster: it may share the API and pure parts, never the code under test.',
      from: { path: '^src/sandbox/' },
      to: { path: '^src/(rollout|application|controller|server|cli|git|kube)/' },
    },
    {
      name: 'only-the-kube-adapter-names-client-node',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/kube/' },
      to: { path: 'node_modules/@kubernetes/' },
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
