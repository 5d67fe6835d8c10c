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

const DIFF_HELP = `sluice diff: what differs between what Git declares and the cluster

  Commits that are not applied, what is held, objects that are not as they are declared, with the API server's own words; and what was changed
  outside Git. It is what the agent has found at its last look: sluice sync has it look again.

  usage: sluice diff [OPTIONS] APP

${CLUSTER}
  --timezone ZONE     for the times that are shown, such as Europe/Berlin (default: this machine's)

  Exit code: 0 nothing differs, 3 something does, 1 the cluster cannot be read, 2 the command line or the name is wrong.`;

const askHelp = (usage: string, text: string): string => `${usage}

${text}

  APP is the name of an Application.

${CLUSTER}

  Exit code: 0 asked, 1 the cluster cannot be asked, or it would be of no use, 2 the command line or the name is wrong.`;

const SYNC_HELP = askHelp(
  'sluice sync: have an Application look at its repository at once\n\n  usage: sluice sync [OPTIONS] APP',
  `  Whatever failed or was refused is tried again, also of the same commit. It sets the annotation sluice.dev/sync, which the agent takes off when
  it begins. What is held stays held: annotate the Rollout with sluice.dev/retry=true to try that again.`,
);

const SUSPEND_HELP = askHelp(
  'sluice suspend: have an Application leave the cluster alone\n\n  usage: sluice suspend [OPTIONS] APP',
  `  It sets spec.suspend. Releases that are on their way go on; an abort moves the traffic as ever. Where the Application is itself declared in Git
  this is refused, since it would be put back, and what to write there is said.`,
);

const RESUME_HELP = askHelp(
  'sluice resume: have an Application go on that was suspended\n\n  usage: sluice resume [OPTIONS] APP',
  '  It takes spec.suspend away.',
);

const ROLLBACK_HELP = `sluice rollback: write the commit that restores a Rollout's files as they were at an earlier commit

  With what it depends on that changed since: the ConfigMaps and Secrets that its pods read, its Services and routes. Everything else in the
  files stays as it is. The commit goes on a new branch sluice/rollback-ROLLOUT-COMMIT, on the branch that the Application follows as it was fetched
  last; the cluster follows once it is merged. No work tree is touched, and nothing is pushed by force.

  usage: sluice rollback [OPTIONS] ROLLOUT --to COMMIT

  --to COMMIT         as sluice history shows it
  --repo DIR          a clone of the repository (default: here)
  --commit-on-branch  put it on the followed branch itself, which nobody may have checked out here
  --push              push the branch, with git and its credentials
  --remote NAME       remote that is built on and pushed to (default origin)
${CLUSTER}

  Exit code: 0 written, or the files say it already; 1 it cannot be restored, and nothing was changed, or git could not push;
  2 the command line or the name is wrong.`;

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
  diff: {
    summary: 'what differs between what Git declares and the cluster',
    help: DIFF_HELP,
    load: async () => (await import('./diff.ts')).runDiff,
  },
  sync: {
    summary: 'have an Application look at its repository at once',
    help: SYNC_HELP,
    load: async () => (await import('./ask-application.ts')).runSync,
  },
  suspend: {
    summary: 'have an Application leave the cluster alone',
    help: SUSPEND_HELP,
    load: async () => (await import('./ask-application.ts')).runSuspend,
  },
  resume: {
    summary: 'have an Application go on that was suspended',
    help: RESUME_HELP,
    load: async () => (await import('./ask-application.ts')).runResume,
  },
  rollback: {
    summary: "write the commit that restores a Rollout's files as they were",
    help: ROLLBACK_HELP,
    load: async () => (await import('./rollback.ts')).runRollback,
  },
};
