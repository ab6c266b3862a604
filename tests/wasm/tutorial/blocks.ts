/** The code blocks of a page of documentation, by what is to be done with them. */
export interface Blocks {
    /** By path, the blocks of one file in order, joined. */
    readonly files: ReadonlyMap<string, string>;
    /** Shell commands that end, in order. */
    readonly commands: readonly string[];
    /** Shell commands that go on: each wants a terminal of its own. */
    readonly services: readonly string[];
}

/**
 * Reads fenced blocks: ```` ```js file=path ```` is (a part of) a file, ```` ```sh ```` a command, ```` ```sh service ````
 * one that goes on. Every block must be one of these, so that none stays untested.
 */
export function blocksOf(markdown: string): Blocks {
    const files = new Map<string, string>();
    const commands: string[] = [];
    const services: string[] = [];
    for (const [, info = '', body = ''] of markdown.matchAll(/^```(.+)\n([^]*?)^```$/gm)) {
        const path = /\bfile=(\S+)/.exec(info)?.[1];
        if (path !== undefined) files.set(path, files.has(path) ? `${files.get(path)}\n${body}` : body);
        else if (info === 'sh') commands.push(body);
        else if (info === 'sh service') services.push(body);
        else throw new Error(`a block of the tutorial is neither a file nor a command: ${info}`);
    }
    return {files, commands, services};
}
