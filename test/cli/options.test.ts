import { describe, expect, it } from 'vitest';
import { COMMANDS, usage } from '../../src/cli/commands.ts';
import { parseControllerOptions } from '../../src/cli/options.ts';
import { parseReleaseOptions } from '../../src/cli/release.ts';
import { UsageError } from '../../src/cli/usage-error.ts';

describe('sluice controller', () => {
  it('has defaults that suit a pod', () => {
    expect(parseControllerOptions([])).toEqual({
      kubeconfig: undefined,
      context: undefined,
      namespace: undefined,
      prometheus: undefined,
      analysisHosts: [],
      gitHosts: [],
      listen: { host: '0.0.0.0', port: 8080 },
      metricsListen: { host: '0.0.0.0', port: 8081 },
      pageListen: undefined,
      leaderElect: true,
      leaseNamespace: undefined,
      leaseName: 'sluice-controller',
      gitDir: undefined,
      sourceMemory: 400 * 2 ** 20,
      tools: { Kustomize: undefined, Helm: undefined },
      webhookSecretFile: undefined,
      tenancy: { defaultServiceAccount: undefined, clusterApplications: [], crossNamespaceRoutes: [] },
      logLevel: 'info',
    });
  });

  it('takes flags in both forms', () => {
    const options = parseControllerOptions([
      '--namespace',
      'shop',
      '--listen=127.0.0.1:0',
      '--leader-elect=false',
      '--prometheus=http://p:9090/',
      '--analysis-hosts=prom:9090, *.corp,[::1]',
      '--git-hosts',
      'git.example',
    ]);
    expect(options).toMatchObject({
      namespace: 'shop',
      listen: { host: '127.0.0.1', port: 0 },
      leaderElect: false,
      prometheus: 'http://p:9090',
      analysisHosts: ['prom:9090', '*.corp', '[::1]'],
      gitHosts: ['git.example'],
    });
    expect(parseControllerOptions(['--listen=:9000', '--leader-elect']).listen).toEqual({
      host: '0.0.0.0',
      port: 9000,
    });
    expect(parseControllerOptions(['--listen=[::]:9000']).listen).toEqual({ host: '::', port: 9000 });
  });

  it('serves the page only where a host is named for it', () => {
    expect(parseControllerOptions(['--page-listen=127.0.0.1:8082']).pageListen).toEqual({
      host: '127.0.0.1',
      port: 8082,
    });
    expect(parseControllerOptions(['--page-listen=off']).pageListen).toBeUndefined();
    expect(parseControllerOptions(['--metrics-listen=:9']).metricsListen).toEqual({ host: '0.0.0.0', port: 9 });
  });

  it.each([
    [['--metrics-listen', 'x'], '--metrics-listen x: write HOST:PORT, such as 0.0.0.0:8081 or [::]:8081'],
    [
      ['--page-listen', ':8082'],
      '--page-listen :8082: name the host, such as 127.0.0.1:8082: the page asks for no login',
    ],
    [['--listen', 'here'], '--listen here: write HOST:PORT, such as 0.0.0.0:8080 or [::]:8080'],
    [['--listen', '0.0.0.0:70000'], '--listen 0.0.0.0:70000: write HOST:PORT, such as 0.0.0.0:8080 or [::]:8080'],
    [['--prometheus', 'prom:9090'], '--prometheus prom:9090: write an http or https URL'],
    [
      ['--analysis-hosts=a,http://b'],
      '--analysis-hosts http://b: write HOST, HOST:PORT, *.SUFFIX or *, separated by commas',
    ],
    [['--git-hosts=a b'], '--git-hosts a b: write HOST, HOST:PORT, *.SUFFIX or *, separated by commas'],
    [['--leader-elect=maybe'], '--leader-elect=maybe: write true or false'],
    [
      ['--cross-namespace-routes', 'team_a'],
      '--cross-namespace-routes team_a: write namespaces, such as team-a,team-b, or * for all',
    ],
    [['--source-memory=400'], '--source-memory 400: write a size from 128Mi to 64Gi, such as 400Mi or 1Gi'],
    [['--source-memory', '64Mi'], '--source-memory 64Mi: write a size from 128Mi to 64Gi, such as 400Mi or 1Gi'],
    [['--log-level', 'loud'], '--log-level loud: write debug, info, warn, error'],
  ])('refuses %j and says what to write', (argv, message) => {
    expect(() => parseControllerOptions(argv)).toThrow(new UsageError(message));
  });

  it('refuses a flag that it does not know, by name', () => {
    expect(() => parseControllerOptions(['--kubeconf', 'x'])).toThrow(/--kubeconf/);
  });

  it('documents every flag that it takes', () => {
    const flags = [
      'kubeconfig',
      'context',
      'namespace',
      'prometheus',
      'listen',
      'metrics-listen',
      'page-listen',
      'leader-elect',
      'lease-namespace',
      'lease-name',
      'git-dir',
      'source-memory',
      'webhook-secret-file',
      'cross-namespace-routes',
      'log-level',
    ];
    for (const flag of flags) expect(COMMANDS['controller']?.help).toContain(`--${flag}`);
  });
});

describe('usage', () => {
  it('names every command', () => {
    for (const [name, { summary }] of Object.entries(COMMANDS))
      expect(usage()).toMatch(`  ${name.padEnd(12)} ${summary}`);
  });
});

describe('the options of release', () => {
  it('take a release back only where that was asked for', () => {
    expect(parseReleaseOptions([])).toMatchObject({ abort: false, dryRun: false, rollouts: [] });
    expect(parseReleaseOptions(['-n', 'shop', 'web', '--abort', '--dry-run'])).toMatchObject({
      namespace: 'shop',
      abort: true,
      dryRun: true,
      rollouts: ['web'],
    });
    expect(() => parseReleaseOptions(['web', '--abort'])).toThrow('--namespace');
  });
});
