// The commands that read the ledger of releases, and those that ask an Application for something.
import type { Command } from '../command.ts';

const CLUSTER = `  --kubeconfig FILE   kubeconfig to use (default: $KUBECONFIG, ~/.kube/config, else the pod's service account)
  --context NAME      context of the kubeconfig (default: its current one)
  -n, --namespace NS  namespace (default: the context's)
  --json              the same as JSON`;

const NAME = `  NAME is that of a Rollout or of an Application; rollout/NAME and app/NAME say which.`;

const HISTORY_HELP = `sluice history: the releases of a Rollout, or of all Rollouts of an Application, newest first

  Of each: when it ended, its commit, what became of it and why, how long it took, and who wrote it. From the record of the cluster, which keeps
  32 releases of a Rollout; with --repo from the notes in Git (refs/notes/sluice), which keep all, without any cluster.

  usage: sluice history [OPTIONS] NAME

${NAME}

${CLUSTER}
  --repo DIR|URL      a clone, or a repository that can be read without credentials
  --timezone ZONE     for the times that are shown, such as Europe/Berlin (default: this machine's)
  --limit NUMBER      releases that are shown (default 20; 0: all)

  Exit code: 0 told, 1 the cluster or the repository cannot be read, 2 the command line or a name is wrong.`;

const AT_HELP = `sluice at: what served at a moment, from Git alone, by its notes

  Which commit, at which weight; who wrote it, who let it, and what the analysis said.

  usage: sluice at [OPTIONS] WHEN ROLLOUT --repo DIR|URL

  WHEN is such as "2026-11-24 14:00", "last tuesday 14:00", "2h ago" or 2026-11-24T14:00:00Z.

  --repo DIR|URL      a clone with its notes, or a repository that can be read without credentials. A clone does not bring notes:
                      git fetch origin refs/notes/sluice:refs/notes/sluice
  -n, --namespace NS  namespace of the Rollout, where the notes tell of several
  --timezone ZONE     of WHEN, and for the times that are shown, such as Europe/Berlin (default: this machine's)
  --json              the same as JSON

  Exit code: 0 told, 1 the notes are missing or do not tell, 2 the command line, the time or the name is wrong.`;

const WHY_HELP = `sluice why: what a Rollout or an Application is doing, in a few sentences

  Since when, what it waits for and what a person can do; or why a revision was aborted, with numbers, where it went back to, what is written
  back to Git, and what ends the hold. All of it is what the controller has said in the status.

  usage: sluice why [OPTIONS] NAME

${NAME}

${CLUSTER}
  --timezone ZONE     for the times that are shown, such as Europe/Berlin (default: this machine's)

  Exit code: 0 told, 1 the cluster cannot be read, 2 the command line or the name is wrong.`;

export const LEDGER_COMMANDS: Readonly<Record<string, Command>> = {
  history: {
    summary: 'releases of a Rollout or an Application, newest first',
    help: HISTORY_HELP,
    load: async () => (await import('./history.ts')).runHistory,
  },
  at: {
    summary: 'what served at a moment, from the notes in Git',
    help: AT_HELP,
    load: async () => (await import('./at.ts')).runAt,
  },
  why: {
    summary: 'what a Rollout or an Application is doing, and what it waits for',
    help: WHY_HELP,
    load: async () => (await import('./why.ts')).runWhy,
  },
};
