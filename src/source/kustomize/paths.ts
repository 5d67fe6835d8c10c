// Paths as kustomizations write them: relative to their folder.

/** The folder that a file is in; empty: the root. */
export const folderOf = (file: string): string => file.split('/').slice(0, -1).join('/');

/** Where a relative path leads from a folder; undefined where it leads out of the repository. */
export function within(folder: string, relative: string): string | undefined {
  const names = folder.split('/').filter((name) => name !== '');
  for (const name of relative.split('/').filter((part) => part !== '' && part !== '.')) {
    if (name !== '..') names.push(name);
    else if (names.pop() === undefined) return undefined;
  }
  return names.join('/');
}

/** What Kustomize would take for a repository or a page of another host. */
export const isRemote = (text: string): boolean =>
  /:\/\/|^[a-z+]+::|^gh:|^[\w.-]+@[\w.-]+[:/]|^(www\.)?github\.com[/:]|[?&](ref|version|submodules|timeout)=|\.git([/?]|$)/i.test(
    text,
  );
