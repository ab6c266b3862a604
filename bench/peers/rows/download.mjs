// What a browser fetches, compressed: of WebAssembly peers only, as scripts depend on the bundler.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const root = new URL('../node_modules/', import.meta.url);

export const rows = {
  download: {
    n: 1,
    warmUp: false,
    run({ adapter, report }) {
      const sizes = adapter.download.map(
        (file) => gzipSync(readFileSync(new URL(file, root)), { level: 9 }).length,
      );
      report('gzip', 'B', sizes.reduce((sum, size) => sum + size, 0));
    },
  },
};
