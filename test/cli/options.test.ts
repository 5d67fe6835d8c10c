import { describe, expect, it } from 'vitest';
import { COMMANDS, usage } from '../../src/cli/commands.ts';
import { parseControllerOptions } from '../../src/cli/options.ts';
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
      leaderElect: true,
      leaseNamespace: undefined,
      leaseName: 'sluice-controller',
      gitDir: undefined,
      webhookSecretFile: undefined,
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

  it.each([
    [['--listen', 'here'], '--listen here: write HOST:PORT, such as 0.0.0.0:8080 or [::]:8080'],
    [['--listen', '0.0.0.0:70000'], '--listen 0.0.0.0:70000: write HOST:PORT, such as 0.0.0.0:8080 or [::]:8080'],
    [['--prometheus', 'prom:9090'], '--prometheus prom:9090: write an http or https URL'],
    [
      ['--analysis-hosts=a,http://b'],
      '--analysis-hosts http://b: write HOST, HOST:PORT, *.SUFFIX or *, separated by commas',
    ],
    [['--git-hosts=a b'], '--git-hosts a b: write HOST, HOST:PORT, *.SUFFIX or *, separated by commas'],
    [['--leader-elect=maybe'], '--leader-elect=maybe: write true or false'],
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
      'leader-elect',
      'lease-namespace',
      'lease-name',
      'git-dir',
      'webhook-secret-file',
      'log-level',
    ];
    for (const flag of flags) expect(COMMANDS['controller']?.help).toContain(`--${flag}`);
  });
});

describe('usage', () => {
  it('names every command', () => {
    for (const name of Object.keys(COMMANDS)) expect(usage()).toContain(`  ${name} `);
  });
});
