// Bundles the controller and command line into one file, so that an install starts fast and depends on no override; a command's part of
// it runs only when the command is called. What reads repositories is a file of its own: it is started again and again.
import { chmod, rm } from 'node:fs/promises';
import { build } from 'esbuild';

/** What some libraries load where it was built on this machine: left out, so that the bundle is the same everywhere. */
const withoutNativeCode = {
  name: 'without-native-code',
  setup(build) {
    build.onResolve({ filter: /\.node$|^cpu-features$/ }, ({ path }) => ({ path, namespace: 'native' }));
    build.onLoad({ filter: /.*/, namespace: 'native' }, () => ({ contents: "throw new Error('no native code');" }));
  },
};

await rm('dist', { recursive: true, force: true });
await build({
  entryPoints: { sluice: 'src/main.ts', 'source-worker': 'src/source/source-worker.ts' },
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'linked',
  // CommonJS dependencies inside an ES module bundle still call require(), and ask where they are.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url); const { filename: __filename, dirname: __dirname } = import.meta;",
  },
  plugins: [withoutNativeCode],
  logLevel: 'warning',
});
await chmod('dist/sluice.js', 0o755);
