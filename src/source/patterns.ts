// Patterns of paths that are left out, as in .gitignore's simple half: `*` and `?` within a name, `**` across folders.

/** Whether a path below the source's folder matches one of the patterns; one without `/` matches any name on the way. */
export function excluder(patterns: readonly string[]): (path: string) => boolean {
  const rules = patterns.map((pattern) => {
    const plain = pattern.replace(/^\/+|\/+$/g, '');
    return { parts: plain.split('/'), anywhere: !plain.includes('/') };
  });
  return (path) => {
    const names = path.split('/');
    return rules.some(({ parts: [only = '', ...more], anywhere }) =>
      anywhere ? names.some((name) => fitsName(only, name)) : fits([only, ...more], names),
    );
  };
}

/** Whether the names begin with what the pattern says: a folder that matches is left out with all in it. */
function fits(parts: readonly string[], names: readonly string[]): boolean {
  let reached = new Set([0]);
  for (const name of names) {
    const next = new Set<number>();
    for (const at of spread(reached, parts)) {
      if (at === parts.length) return true;
      const part = parts[at] ?? '';
      if (part === '**') next.add(at);
      else if (fitsName(part, name)) next.add(at + 1);
    }
    reached = next;
  }
  return spread(reached, parts).has(parts.length);
}

/** Places that are reached without taking a name: `**` stands for none, too. */
function spread(reached: ReadonlySet<number>, parts: readonly string[]): Set<number> {
  const all = new Set(reached);
  for (const at of all) if (parts[at] === '**') all.add(at + 1);
  return all;
}

/** One name against one part, without backtracking that grows: each star is tried from its last place only. */
function fitsName(part: string, name: string): boolean {
  let [p, n, star, from] = [0, 0, -1, 0];
  while (n < name.length) {
    if (part[p] === '*') {
      star = p++;
      from = n;
    } else if (p < part.length && (part[p] === '?' || part[p] === name[n])) {
      p++;
      n++;
    } else if (star >= 0) {
      p = star + 1;
      n = ++from;
    } else return false;
  }
  while (part[p] === '*') p++;
  return p === part.length;
}
