// What the types allow and what they refuse, and what an editor shows of them.
import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {test, type TestContext} from 'node:test';
import {promisify} from 'node:util';

const here = join(process.env['SYNCLINE_TESTS'] as string, 'types');
const modules = join(here, '../../../wasm/node_modules');

/** A folder beside the others, so that it is compiled as they are. */
function folder(t: TestContext): string {
    mkdirSync(join(modules, '.cache'), {recursive: true});
    const made = mkdtempSync(join(modules, '.cache/types-'));
    t.after(() => rmSync(made, {recursive: true, force: true}));
    return made;
}

/** What the compiler says of a file. Its declarations go to `out`. */
async function compile(made: string, file: string): Promise<string> {
    const tsconfig = join(made, 'tsconfig.json');
    writeFileSync(
        tsconfig,
        JSON.stringify({
            extends: join(here, '../tsconfig.json'),
            compilerOptions: {noEmit: false, declaration: true, emitDeclarationOnly: true, rootDir: join(here, '../../..'), outDir: join(made, 'out')},
            include: [file],
        }),
    );
    const compiler = join(modules, 'typescript/bin/tsc');
    return promisify(execFile)(process.execPath, [compiler, '-p', tsconfig, '--pretty', 'false']).then(
        ({stdout}) => stdout,
        ({stdout}: {stdout: string}) => stdout,
    );
}

test('what an app may write compiles', async (t) => {
    assert.equal(await compile(folder(t), join(here, 'right.ts')), '');
});

test('each line that the types refuse is an error, and no other line is', async (t) => {
    const made = folder(t);
    assert.equal(await compile(made, join(here, 'wrong.ts')), '');
    const lines = readFileSync(join(here, 'wrong.ts'), 'utf8').replaceAll("'./", `'${here}/`).replaceAll("'../../..", `'${join(here, '../../..')}`).split('\n');
    const wrong = lines.flatMap((line, at) => (line.startsWith('// @ts-expect-error: ') ? [at + 2] : []));
    assert.ok(wrong.length > 30);
    writeFileSync(join(made, 'wrong.ts'), lines.map((line) => line.replace('// @ts-expect-error', '//')).join('\n'));
    const said = await compile(made, join(made, 'wrong.ts'));
    const found = [...said.matchAll(/wrong\.ts\((\d+),\d+\): error TS\d+/g)].map(([, line]) => Number(line));
    assert.deepEqual([...new Set(found)], wrong, said);
});

test('an editor shows fields and their types, and nothing of how they are found', async (t) => {
    const made = folder(t);
    await compile(made, join(here, 'app.ts'));
    const shown = readFileSync(join(made, 'out/tests/wasm/types/app.d.ts'), 'utf8').replaceAll(/import\("[^"]*"\)\./g, '').replaceAll(/\s+/g, ' ');
    const of = (name: string): string => shown.match(new RegExp(`export declare const ${name}: (.*?); (?:export|$)`))?.[1] ?? '';
    assert.equal(of('person'), 'Document<{ name?: Register<string>; }>');
    assert.equal(of('people'), 'DocumentEditor<{ name?: Register<string>; }>');
    assert.equal(of('steps'), 'MapListEditor<{ tries?: Counter; what?: Text; }>');
    assert.equal(of('conflicts'), 'Promise<readonly string[]>');
    assert.match(of('tasks'), /^Collection<\{ readonly \[x: string\]: unknown; readonly address\?: \{ readonly \[x: string\]: unknown; readonly city: string;/);
    assert.match(of('editor'), /^DocumentEditor<\{ address\?: MapOf<\{ city: Register<string>; plan\?: Text; \}>;/);
    for (const name of ['tasks', 'editor']) assert.doesNotMatch(of(name), / extends | infer |FieldsOf|DocumentOf|Read</);
});
