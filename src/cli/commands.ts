// What `sluice` can do. A command's module is loaded only when it is called, so that the others start fast.

import type { Command } from './command.ts';
import { LEDGER_COMMANDS } from './ledger/commands.ts';

const CONTROLLER_HELP = `sluice controller: drives Rollouts and syncs Applications, in a cluster or from outside

  --kubeconfig FILE        kubeconfig to use (default: $KUBECONFIG, ~/.kube/config, else the pod's service account)
  --context NAME           context of the kubeconfig (default: its current one)
  --namespace NAME         only this namespace (default: all)
  --prometheus URL         Prometheus for metrics that name none
  --analysis-hosts HOSTS   hosts that metrics may be asked from and Secrets be sent to: HOST[:PORT], *.SUFFIX or *, with commas
                           (default: any but this machine, link-local, metadata and the API server; without Secrets)
  --git-hosts HOSTS        the same for repositories
  --listen ADDRESS         where webhooks are received: /webhook (default 0.0.0.0:8080)
  --metrics-listen ADDRESS where /metrics, /healthz and /readyz are served (default 0.0.0.0:8081)
  --page-listen ADDRESS    where the status page is served, without a login, such as 127.0.0.1:8082 (default: nowhere)
  --leader-elect=false     act at once, without a Lease: for one controller on its own
  --lease-namespace NAME   namespace of the Lease (default: $POD_NAMESPACE, else the context's namespace)
  --lease-name NAME        name of the Lease (default sluice-controller)
  --git-dir DIR            folder for mirrors of repositories (default: a temporary one)
  --source-memory SIZE     memory that reading one repository may take, such as 400Mi or 1Gi (default 400Mi)
  --kustomize PATH         the program that renders folders with a kustomization.yaml (default: kustomize on the PATH)
  --helm PATH              the program that renders folders with a Chart.yaml (default: helm on the PATH)
  --webhook-secret-file F  secret that signs webhooks for all Applications
  --default-service-account NAME
                           ServiceAccount of an Application's namespace for those that name none (default: Sluice applies a fixed list itself)
  --cluster-applications LIST
                           NAMESPACE/NAME[,…] of Applications that may reach beyond their namespace (default none)
  --cross-namespace-routes LIST
                           namespaces whose Rollouts may name routes of other namespaces (default none)
  --log-level LEVEL        debug, info, warn or error (default info)`;

const RELEASE_HELP = `sluice release: hands back everything that Sluice drives, before it is uninstalled

  All traffic goes to the stable destination, marks are removed, selectors let go of the revision's hash. Stop the controller first:
  while one renews its Lease this is refused, as it would take back what a Rollout refers to. A Rollout that has pods of another revision than its stable one is refused:
  Services that are let go of would select them. Wait until its release has ended, or add --abort.

  usage: sluice release [OPTIONS] [ROLLOUT...]     (without a name: everything)

  --kubeconfig FILE        kubeconfig to use (default: $KUBECONFIG, ~/.kube/config, else the pod's service account)
  --context NAME           context of the kubeconfig (default: its current one)
  --namespace NAME         only this namespace (default: all); needed with names of Rollouts
  --abort                  take such releases back first: all traffic to the stable revision, then the other pods down
  --lease-namespace NAME   look for the controller's Lease in this namespace alone (default: in all)
  --dry-run                say what would be done, and do nothing`;

const PLAN_HELP = `sluice plan: what a change would do, before it is merged, without a cluster

  Compares what two revisions of this checkout declare: objects, releases of Rollouts with their steps, what is pruned, and what would be
  refused. Exit code 1: something would be refused. Values of Secrets are never shown.

  usage: sluice plan [OPTIONS]     (of all Applications that this repository declares and that follow it)

  -f, --application FILE   plan the Applications in this file; may be given again
  --path PATH              plan this folder of the repository as one; may be given again
  -n, --namespace NAME     with --path: for objects that name none (default default)
  --name NAME              with --path: name of the Application, which a chart's release is called by
  --from REV               compare with this revision; REV... with the commit where the branch left it
                           (default: origin/HEAD..., else main...)
  --to REV                 plan this revision (default: the files on disk)
  --repo DIR               a folder of the checkout (default: this one)
  --json                   as data, see docs/plan.md
  --markdown               as a comment on a pull request
  --kube-version VERSION   version of Kubernetes that a chart is told, such as 1.34
  --kustomize PATH, --helm PATH
                           the programs that render (default: those on the PATH)`;

const RENDER_HELP = `sluice render: what an Application with a folder would declare, as YAML, without a cluster

  Reads the files as they are on disk, but for what Git ignores. Exit code 1: a commit with them would be refused, or declares nothing.

  usage: sluice render DIR [OPTIONS]     or: sluice render -f application.yaml [OPTIONS]

  -f, --application FILE   take path, exclude, helm and namespace from the Application in this file; DIR takes the place of its path
  -n, --namespace NAME     for objects that name none (default: the Application's, else default)
  --name NAME              name of the Application, which a chart's release is called by (default: the one in FILE, else release-name)
  --values FILE            values for a chart, within the repository; may be given again, later ones win
  --exclude PATTERN        leave these files out, as spec.source.exclude; may be given again
  --root DIR               root of the repository (default: the nearest folder above with a .git, else DIR)
  --kube-version VERSION   version of Kubernetes that a chart is told, such as 1.34
  --kustomize PATH, --helm PATH
                           the programs that render (default: those on the PATH)`;

const DEMO_HELP = `sluice demo: a whole cluster in this process, and a release that goes well and one that does not

  --strategy NAME          canary or blue-green (default canary)
  --keep                   leave everything running at the end, and print what to try
  --plain                  plain lines instead of the live picture
  --seed NUMBER            seed of everything random (default 1)`;

export const COMMANDS: Readonly<Record<string, Command>> = {
  controller: {
    summary: 'drive Rollouts and sync Applications',
    help: CONTROLLER_HELP,
    load: async () => (await import('./controller.ts')).runController,
  },
  demo: {
    summary: 'a cluster in one process: a good release and a bad one',
    help: DEMO_HELP,
    load: async () => (await import('./demo.ts')).runDemo,
  },
  release: {
    summary: 'hand back everything that is driven, before uninstalling',
    help: RELEASE_HELP,
    load: async () => (await import('./release.ts')).runRelease,
  },
  plan: {
    summary: 'say what a change would do before it is merged',
    help: PLAN_HELP,
    load: async () => (await import('./plan.ts')).runPlan,
  },
  render: {
    summary: 'print what a folder declares, without a cluster',
    help: RENDER_HELP,
    load: async () => (await import('./render.ts')).runRender,
  },
  ...LEDGER_COMMANDS,
  version: {
    summary: 'print the version',
    help: 'sluice version: prints the version',
    load: async () => (await import('./version.ts')).runVersion,
  },
};

/** All commands, one a line, as people read them; ends with a line break. */
export function usage(): string {
  const lines = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(12)} ${summary}`);
  return `sluice: progressive delivery for Kubernetes whose source of truth is Git\n\nusage: sluice COMMAND [OPTIONS]   (sluice COMMAND --help)\n\n${lines.join('\n')}\n`;
}
