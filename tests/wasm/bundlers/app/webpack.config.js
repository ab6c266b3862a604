import {copyFileSync} from 'node:fs';

const here = import.meta.dirname ?? new URL('.', import.meta.url).pathname;

export default {
    mode: 'production',
    entry: `${here}/main.js`,
    output: {path: `${here}/dist-webpack`, filename: 'main.js', clean: true},
    plugins: [
        {
            apply: (compiler) =>
                compiler.hooks.done.tap('page', () =>
                    copyFileSync(`${here}/index.html`, `${here}/dist-webpack/index.html`),
                ),
        },
    ],
};
