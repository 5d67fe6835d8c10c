// Hooks of a chart that helm does not know. What it knows is printed like any object, and what becomes of it the agent says.

/** Events of hooks that helm did not know and left out, from what it said beside. */
export const unknownHooks = (said: string): string[] =>
  [...said.matchAll(/skipping unknown hooks" hookTypes=("[^"]*"|\S+)/g)].map(([, types = '']) =>
    types.replaceAll('"', ''),
  );
