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
      listen: { host: '0.0.0.0', port: 8080 },
      leaderElect: true,
      leaseNamespace: undefined,
      leaseName: 'sluice-controller',
      gitDir: undefined,
      sourceMemory: 400 * 2 ** 20,
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
    ]);
    expect(options).toMatchObject({
      namespace: 'shop',
      listen: { host: '127.0.0.1', port: 0 },
      leaderElect: false,
      prometheus: 'http://p:9090',
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
    [['--leader-elect=maybe'], '--leader-elect=maybe: write true or false'],
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
      'leader-elect',
      'lease-namespace',
      'lease-name',
      'git-dir',
      'source-memory',
      'webhook-secret-file',
      'log-level',
    ];
    for (const flag of flags) expect(COMMANDS['controller']?.help).toContain(`--${flag}`);
  });
});

describe('usage', () => {
  it('names every command that people call', () => {
    for (const [name, { summary }] of Object.entries(COMMANDS))
      expect(usage().includes(`  ${name} `)).toBe(summary !== undefined);
    expect(usage()).not.toContain('source-worker');
  });
});
