// Bundles Grafana's components and the pages around them into one script and one style sheet, with the icons beside them.
// Usage: node build.mjs NODE_MODULES OUTPUT
import { cp } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const [modules, output] = process.argv.slice(2);
if (!output) {
  console.error('usage: node build.mjs NODE_MODULES OUTPUT');
  process.exit(2);
}
const { build } = await import(pathToFileURL(path.resolve(modules, 'esbuild/lib/main.js')).href);
await build({
  entryPoints: [path.join(here, 'src/index.jsx')],
  outfile: output,
  bundle: true,
  minify: true,
  format: 'iife',
  platform: 'browser',
  target: 'chrome120',
  jsx: 'automatic',
  nodePaths: [path.resolve(modules)],
  define: { 'process.env.NODE_ENV': '"production"', global: 'window' },
  loader: { '.ttf': 'dataurl', '.svg': 'text', '.woff2': 'dataurl', '.woff': 'empty' },
  legalComments: 'none',
  logLevel: 'error',
});
await cp(path.resolve(modules, '@grafana/ui/dist/public/img/icons'), path.join(path.dirname(output), 'icons'), { recursive: true });
