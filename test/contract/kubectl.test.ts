// What people see: the kubectl commands of README, docs and demo, and those around them, on the sandbox and on a real server alike.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { documentedCommands } from './kubectl-commands.ts';
import { hasKubectl, openSides, type Output, type Sides } from './kubectl-sides.ts';
import { isSandbox } from './target.ts';

/** Ends in a letter that no generated name has, so that it is not masked as one. */
const NAMESPACE = `kubectl-${process.pid}a`;
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const DEPLOY = join(ROOT, 'examples/shop/deploy');

let folder: string;
let sides: Sides;
const done = new Set<string>();

/** Runs a command as it is written in the docs, but in the test's namespace and on its files. */
function run(command: string, stdin?: string): Promise<Output> {
  done.add(command);
  return sides.run(local(command), stdin);
}

function local(command: string): string {
  const words = command
    .replace(/^kubectl /, '')
    .replace(/ -n (\S+)/, '')
    .replace('examples/shop/application.yaml', join(folder, 'application.yaml'))
    .replace('-f crds/', `-f ${join(ROOT, 'crds')}`)
    .replaceAll(/--from-file=(\S+)/g, (_, file: string) => `--from-file=${join(folder, file)}`)
    .replace('-f deploy/rollout.yaml', `-f ${join(DEPLOY, 'rollout.yaml')}`)
    .replace('"$(openssl rand -hex 32)"', 'abcdef')
    .replace('<pod hash>', '7d9f');
  if (words === 'create namespace shop') return `create namespace ${NAMESPACE}`;
  return /^(explain|api-resources)|crd/.test(words) ? words : `${words} -n ${NAMESPACE}`;
}

const says = async (command: string, expected: string | RegExp, stdin?: string): Promise<void> => {
  const { code, out, err } = await run(command, stdin);
  expect(err).toBe('');
  expect(code).toBe(0);
  if (typeof expected === 'string') expect(out.trim()).toBe(expected);
  else expect(out).toMatch(expected);
};
/** Newer versions of kubectl name the namespace, too. */
const deleted = (what: string): RegExp => new RegExp(`^${what} deleted( from \\S+ namespace)?\\n$`);
const fails = async (command: string, expected: string | RegExp, stdin?: string): Promise<void> => {
  const { code, err } = await run(command, stdin);
  expect(code).toBe(1);
  expect(err).toMatch(expected);
};
const patchStatus = (what: string, status: object): Promise<void> =>
  sides.each(async (kubectl) => {
    const patch = JSON.stringify({ status });
    await kubectl(`patch ${what} -n ${NAMESPACE} --subresource status --type merge -p '${patch}'`);
  });

const rolloutStatus = (more: object): object => ({
  phase: 'Progressing',
  message: 'weight 10: more steps follow',
  step: '1/8',
  weight: 10,
  updatedReplicas: 1,
  availableReplicas: 5,
  revision: { commit: 'ff2398f0ff2398f0ff2398f0ff2398f0ff2398f0', short: 'ff2398f' },
  ...more,
});
const TIME = '2026-11-21T07:00:00Z';
const READY = { type: 'Ready', status: 'True', reason: 'Synced', message: 'as declared', lastTransitionTime: TIME };

const title = hasKubectl ? 'kubectl' : 'kubectl (skipped: kubectl is not installed)';

test('where CI compares with a real server, kubectl is installed', () => {
  expect(hasKubectl || isSandbox || process.env['CI'] !== 'true').toBe(true);
});

describe.skipIf(!hasKubectl)(`${title}`, () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sluice-kubectl-'));
    const application = await readFile(join(ROOT, 'examples/shop/application.yaml'), 'utf8');
    const moved = application.replace('namespace: shop', `namespace: ${NAMESPACE}`);
    await writeFile(join(folder, 'application.yaml'), moved);
    sides = await openSides(folder);
  });
  afterAll(async () => {
    await sides.each(async (kubectl) => void (await kubectl(`delete namespace ${NAMESPACE} --wait=false`)));
    await sides.close();
    await rm(folder, { recursive: true, force: true });
  });

  describe('installs', () => {
    test('the definitions and a namespace', async () => {
      await says('kubectl apply --server-side -f crds/', /rollouts\.sluice\.dev serverside-applied/);
      await says('kubectl wait --for=condition=Established crd/rollouts.sluice.dev --timeout=10s', /condition met/);
      await says('kubectl create namespace shop', `namespace/${NAMESPACE} created`);
      await fails('kubectl create namespace shop', `namespaces "${NAMESPACE}" already exists`);
      await says('kubectl api-resources --api-group=sluice.dev', /rollouts +ro +sluice\.dev\/v1alpha1 +true +Rollout/);
    });
    test('an Application, its Secrets, and what it deploys', async () => {
      await says('kubectl apply -f examples/shop/application.yaml', 'application.sluice.dev/shop created');
      await says('kubectl apply -f examples/shop/application.yaml', 'application.sluice.dev/shop unchanged');
      for (const file of ['rollout', 'analysis', 'services', 'config'])
        await says(`kubectl apply -f ${join(DEPLOY, `${file}.yaml`)}`, /created/);
      await says(
        'kubectl create secret generic shop-git -n shop --from-literal=username=ci --from-literal=password=TOKEN',
        'secret/shop-git created',
      );
      await says(
        'kubectl create secret generic sluice-webhook -n sluice-system --from-literal=secret="$(openssl rand -hex 32)"',
        'secret/sluice-webhook created',
      );
      await says(
        'kubectl annotate secret shop-git -n shop sluice.dev/hosts=git.example.com',
        'secret/shop-git annotated',
      );
      await says(
        'kubectl annotate application shop sluice.dev/confirm-prune=3f9c2d1',
        'application.sluice.dev/shop annotated',
      );
      await says(
        'kubectl annotate application shop sluice.dev/override="3f9c2d1 hotfix for incident 4711"',
        'application.sluice.dev/shop annotated',
      );
      await writeFile(join(folder, 'allowed_signers'), 'ada@example.com ssh-ed25519 AAAA\n');
      await writeFile(join(folder, 'ada.asc'), 'a key\n');
      await says(
        'kubectl create secret generic signers -n shop --from-file=allowed_signers --from-file=ada.asc',
        'secret/signers created',
      );
      await says('kubectl annotate application shop sluice.dev/retry=true', 'application.sluice.dev/shop annotated');
      await says('kubectl get secret shop-git -o yaml', /password: VE9LRU4=\n +username: Y2k=/);
      await says('kubectl get secrets', /shop-git +Opaque +2/);
    });
  });

  test('stops the line and lets it go on', async () => {
    const windows = [{ kind: 'Allow', schedule: '0 9 * * MON-FRI', duration: '7h', timeZone: 'Europe/Berlin' }];
    const metadata = { name: 'office-hours' };
    const policy = { apiVersion: 'sluice.dev/v1alpha1', kind: 'ReleasePolicy', metadata, spec: { windows } };
    await says('kubectl apply -f -', 'releasepolicy.sluice.dev/office-hours created', JSON.stringify(policy));
    const patch = 'kubectl patch releasepolicy office-hours';
    await says(`${patch} --type merge --patch '{"spec":{"stop":{"reason":"incident 4711"}}}'`, /patched/);
    await says('kubectl get releasepolicies', /office-hours +incident 4711/);
    await says(`${patch} --type json --patch '[{"op":"remove","path":"/spec/stop"}]'`, /patched/);
    const wrong = { ...policy, spec: { windows: [{ ...windows[0], schedule: '@daily' }] } };
    await fails('kubectl apply -f -', /spec\.windows\[0\]\.schedule/, JSON.stringify(wrong));
  });

  describe('shows', () => {
    test('a Rollout as it moves', async () => {
      await patchStatus('rollout web', rolloutStatus({}));
      await says('kubectl get rollout web', /^NAME +PHASE +STEP +WEIGHT +DESIRED/);
      await says('kubectl get rollouts -o wide', /MESSAGE/);
      const watched = 'kubectl get rollouts -n shop -w';
      done.add(watched);
      const text = await sides.follow(local(watched), {
        first: 2,
        count: 3,
        next: () => patchStatus('rollout web', rolloutStatus({ phase: 'Degraded', message: 'held' })),
      });
      expect(text.split('\n').map((line) => line.split(/ +/)[1])).toEqual(['PHASE', 'Progressing', 'Degraded']);
    });
    test('everything of it', async () => {
      await sides.each(async (kubectl) => {
        const uid = await kubectl(`get rollout web -n ${NAMESPACE} -o jsonpath={.metadata.uid}`);
        await kubectl('create -f -', JSON.stringify(eventAbout(uid)));
      });
      await says(
        'kubectl describe rollout web -n shop',
        /Events:[^]*Warning +Aborted +AGE2 +sluice +success-rate 0\.82/,
      );
      await says('kubectl get rollout web -o yaml --show-managed-fields', /manager: kubectl-client-side-apply/);
      await says('kubectl get rollout web -o jsonpath={.status.phase}', 'Degraded');
      await says('kubectl get events', /Warning +Aborted +rollout\/web +success-rate 0\.82/);
      await says('kubectl events', /Warning +Aborted +Rollout\/web +success-rate 0\.82/);
      await says('kubectl get rollouts --field-selector metadata.name=web -o name', 'rollout.sluice.dev/web');
      await fails('kubectl get rollout nobody', 'rollouts.sluice.dev "nobody" not found');
      await fails('kubectl get nonsense', `the server doesn't have a resource type "nonsense"`);
    });
    test('analyses and Applications', async () => {
      const metric = { name: 'success-rate', provider: { prometheus: { query: 'up' } } };
      const analysis = {
        apiVersion: 'sluice.dev/v1alpha1',
        kind: 'AnalysisRun',
        metadata: { name: 'web-1' },
        spec: { metrics: [metric] },
      };
      await says('kubectl apply -f -', 'analysisrun.sluice.dev/web-1 created', JSON.stringify(analysis));
      await patchStatus('analysisrun web-1', { phase: 'Successful' });
      await says('kubectl get analysisruns', /web-1 +Successful/);
      await says('kubectl get analysisruns -n shop', /web-1 +Successful/);
      await says('kubectl get analysistemplates', /success-rate/);
      await patchStatus('application shop', { phase: 'Synced', conditions: [READY] });
      await says('kubectl wait --for=condition=Ready application/shop', 'application.sluice.dev/shop condition met');
      await says('kubectl get applications', /shop +Synced/);
      await says('kubectl describe application shop', /Reason: +Synced/);
      await says('kubectl get svc,cm', /service\/web-canary +ClusterIP +IP +<none>/);
    });
    test('what the fields mean', async () => {
      await says('kubectl explain rollout.spec.strategy', /FIELD: strategy <Object>[^]*canary\s+<Object>/);
      await says('kubectl explain application.spec', /FIELD: spec <Object>[^]*source\s+<Object> -required-/);
    });
  });

  describe('asks and changes', () => {
    const COMMANDS = [
      'rollout web sluice.dev/promote=true',
      'rollout web -n shop sluice.dev/promote=true',
      'rollout web sluice.dev/promote=full',
      'rollout web sluice.dev/promote=8b7a6e5',
      'rollout web sluice.dev/abort="too slow"',
      'rollout web sluice.dev/abort="checkout is slow"',
      'rollout web sluice.dev/retry=true',
      'rollout web sluice.dev/pause=true',
      'rollout web sluice.dev/resume=true',
      'rollout web sluice.dev/override="hotfix"',
      'rollout web sluice.dev/override="hotfix for incident 4711"',
      'rollout web sluice.dev/restart=true',
      'rollout web sluice.dev/rollback=<pod hash>',
    ];
    test.each(COMMANDS)('by the annotation of %s', async (command) => {
      await says(`kubectl annotate ${command}`, 'rollout.sluice.dev/web annotated');
      const key = /sluice\.dev\/\w+/.exec(command)?.[0] ?? '';
      await sides.each(async (kubectl) => void (await kubectl(`annotate rollout web ${key}- -n ${NAMESPACE}`)));
    });
    test('once only by hand', async () => {
      await says('kubectl annotate rollout web sluice.dev/promote=true', /annotated/);
      await fails('kubectl annotate rollout web sluice.dev/promote=full', /already has a value \(true\)/);
    });
    test('the spec, by each way to write it', async () => {
      await says('kubectl scale rollout web --replicas=3', 'rollout.sluice.dev/web scaled');
      await says(`kubectl patch rollout web --type merge -p '{"spec":{"replicas":5}}'`, /patched/);
      await says(`kubectl patch rollout web --type merge -p '{"spec":{"replicas":5}}'`, /patched \(no change\)/);
      const json = '[{"op":"replace","path":"/spec/replicas","value":2}]';
      await says(`kubectl patch rollout web --type json -p '${json}'`, /patched/);
      await says('kubectl label rollout web team=shop', 'rollout.sluice.dev/web labeled');
      await says(`kubectl apply -f ${join(DEPLOY, 'rollout.yaml')}`, 'rollout.sluice.dev/web configured');
      await says('kubectl get rollout web -o yaml', /replicas: 4/);
    });
    test('on the server side, where another manager is told of', async () => {
      await says(`kubectl apply --server-side -f ${join(DEPLOY, 'config.yaml')}`, /serverside-applied/);
      const config = {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'web-config' },
        data: { GREETING: 'no' },
      };
      const apply = 'kubectl apply --server-side --field-manager=other -f -';
      await says(
        'kubectl patch configmap web-config --field-manager=hand -p \'{"data":{"GREETING":"hand"}}\'',
        /patched/,
      );
      await fails(
        apply,
        /Apply failed with 1 conflict: conflict with "hand" using v1: \.data\.GREETING/,
        JSON.stringify(config),
      );
      await says(`${apply} --force-conflicts`, 'configmap/web-config serverside-applied', JSON.stringify(config));
      await says('kubectl get configmap web-config -o yaml --show-managed-fields', /manager: other/);
    });
    test('nothing by a dry run, which tells what is wrong with the fields, and not what is missing around them', async () => {
      await says(
        'kubectl apply --dry-run=server -f deploy/rollout.yaml',
        /^rollout\.sluice\.dev\/web \w+ \(server dry run\)\n$/,
      );
      const text = await readFile(join(DEPLOY, 'rollout.yaml'), 'utf8');
      const dryRun = 'kubectl apply --dry-run=server -f -';
      const misspelt = text.replace('setWeight: 25', 'setweight: 25').replace('  name: web\n', '  name: other\n');
      await fails(dryRun, /unknown field "spec\.strategy\.canary\.steps\[\d\]\.setweight"/, misspelt);
      await says(dryRun, /\(server dry run\)/, text.replace('web-canary', 'nowhere').replace('image:', 'imge:'));
      await says('kubectl get rollout web -o jsonpath={.spec.strategy.canary.canaryService}', 'web-canary');
    });
    test('nothing that is wrong', async () => {
      const spec = { replicas: 1, selector: { matchLabels: { app: 'x' } }, strategy: { canary: {} } };
      const template = { metadata: { labels: { app: 'x' } }, spec: { containers: [{ name: 'x', image: 'x:1' }] } };
      const rollout = (more: object): string =>
        JSON.stringify({
          apiVersion: 'sluice.dev/v1alpha1',
          kind: 'Rollout',
          metadata: { name: 'wrong' },
          spec: { ...spec, template, ...more },
        });
      await fails('kubectl apply -f -', /strict decoding error: unknown field "spec\.nope"/, rollout({ nope: 1 }));
      const steps = [{ setWeight: 101 }];
      await fails(
        'kubectl apply -f -',
        /spec\.strategy\.canary\.steps\[0\]/,
        rollout({ strategy: { canary: { steps } } }),
      );
      await fails('kubectl apply -f -', /Required value|selector/, rollout({ selector: {} }));
    });
  });

  describe('follows', () => {
    const deployment = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'backend' },
      spec: {
        replicas: 1,
        selector: { matchLabels: { app: 'backend' } },
        template: {
          metadata: { labels: { app: 'backend' } },
          spec: { containers: [{ name: 'api', image: 'api:v1', ports: [{ containerPort: 8080 }] }] },
        },
      },
    };
    test('a Deployment, its ReplicaSet and its pods', async () => {
      await says('kubectl apply -f -', 'deployment.apps/backend created', JSON.stringify(deployment));
      await says(
        'kubectl wait --for=condition=Progressing=True --for=jsonpath={.status.availableReplicas}=1 deployment/backend',
        /condition met/,
      );
      await says('kubectl rollout status deployment/backend', /successfully rolled out/);
      await says('kubectl get deployments,replicasets,pods -l app=backend', /pod\/backend-HASH +1\/1 +Running +0/);
      await says('kubectl get deployments -o wide', /api +api:v1 +app=backend/);
      await says(
        'kubectl describe deployment backend',
        /ScalingReplicaSet +AGE +deployment-controller +Scaled up replica set/,
      );
      await says(
        'kubectl describe replicaset -l app=backend',
        /SuccessfulCreate +AGE +replicaset-controller +Created pod/,
      );
      await says('kubectl set image deployment/backend api=api:v2', 'deployment.apps/backend image updated');
      await says('kubectl rollout status deployment/backend', /successfully rolled out/);
      await says('kubectl rollout history deployment/backend', /1 +<none>\n2 +<none>/);
      await says('kubectl rollout undo deployment/backend', 'deployment.apps/backend rolled back');
      await says('kubectl rollout status deployment/backend', /successfully rolled out/);
      await says('kubectl get deployment backend -o yaml', /image: api:v1/);
      await says('kubectl scale deployment backend --replicas=0', 'deployment.apps/backend scaled');
      // Says nothing where they are gone already.
      await sides.each(async (kubectl) => {
        await kubectl(local('kubectl wait --for=delete pod -l app=backend --timeout=10s'));
      });
      await says('kubectl delete deployment backend', deleted('deployment.apps "backend"'));
    });
  });

  test('shows what else is there', async () => {
    const job = {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'once' },
      spec: {
        template: {
          spec: {
            restartPolicy: 'Never',
            containers: [{ name: 'c', image: 'job:v1', command: ['sh', '-c', 'exit 0'] }],
          },
        },
      },
    };
    const budget = {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'web' },
      spec: { minAvailable: 1, selector: { matchLabels: { app: 'web' } } },
    };
    const lease = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: 'sluice' },
      spec: { holderIdentity: 'sluice-0', leaseDurationSeconds: 15 },
    };
    const documents = [job, budget, lease].map((object) => JSON.stringify(object)).join('\n');
    await says('kubectl apply -f -', /lease\.coordination\.k8s\.io\/sluice created/, documents);
    await says('kubectl wait --for=condition=complete job/once --timeout=10s', 'job.batch/once condition met');
    await says('kubectl describe job once', /Completed +AGE +job-controller +Job completed/);
    await says('kubectl get jobs,pods,pdb,leases -l app!=backend', /once-HASH +0\/1 +Completed +0/);
    await says('kubectl get lease sluice -o yaml', /holderIdentity: sluice-0/);
  });

  test('asks what an account may, and acts as one', async () => {
    const asked = 'kubectl auth can-i create deployments -n shop --as system:serviceaccount:shop:deployer';
    expect(await run(asked)).toEqual({ code: 1, out: 'no\n', err: '' });
    await says('kubectl auth can-i create deployments', 'yes');
    const as = '--as system:serviceaccount:shop:deployer';
    await fails(
      `kubectl get secrets ${as}`,
      'User "system:serviceaccount:shop:deployer" cannot list resource "secrets"',
    );
    await says(`kubectl auth whoami ${as} -o yaml`, /username: system:serviceaccount:shop:deployer/);
  });

  test('deletes', async () => {
    await says('kubectl delete -f examples/shop/application.yaml', deleted('application.sluice.dev "shop"'));
    await says('kubectl delete rollout web', deleted('rollout.sluice.dev "web"'));
    await fails('kubectl delete rollout web', 'rollouts.sluice.dev "web" not found');
    await says('kubectl delete analysisruns --all', deleted('analysisrun.sluice.dev "web-1"'));
    const { err } = await run('kubectl get rollouts');
    expect(err).toBe(`No resources found in ${NAMESPACE} namespace.\n`);
  });

  test('has run every command that is documented', () => {
    expect(documentedCommands().filter((command) => !done.has(command))).toEqual([]);
  });
});

const eventAbout = (uid: string): object => ({
  apiVersion: 'v1',
  kind: 'Event',
  metadata: { name: 'web.0000000000000001', namespace: NAMESPACE },
  involvedObject: { apiVersion: 'sluice.dev/v1alpha1', kind: 'Rollout', name: 'web', namespace: NAMESPACE, uid },
  type: 'Warning',
  reason: 'Aborted',
  message: 'success-rate 0.82 < 0.95',
  source: { component: 'sluice' },
  firstTimestamp: TIME,
  lastTimestamp: TIME,
  count: 2,
});
