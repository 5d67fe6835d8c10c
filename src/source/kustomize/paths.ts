// Paths as kustomizations write them: relative to their folder.

/** The folder that a file is in; empty: the root. */
export const folderOf = (file: string): string => file.split('/').slice(0, -1).join('/');

/** What Kustomize would take for a repository or a page of another host. */
export const isRemote = (text: string): boolean =>
  /:\/\/|^[a-z+]+::|^gh:|^[\w.-]+@[\w.-]+[:/]|^(www\.)?github\.com[/:]|[?&](ref|version|submodules|timeout)=|\.git([/?]|$)/i.test(
    text,
  );
