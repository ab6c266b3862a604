import {defineConfig} from 'vite';

// A production build needs nothing for Syncline (`input` is of this test, which has two pages). The development server
// must leave the package's files where they are, since its worker and its module are found beside them.
export default defineConfig({
    build: {rollupOptions: {input: ['index.html', 'ui.html']}},
    optimizeDeps: {exclude: ['syncline']},
});
