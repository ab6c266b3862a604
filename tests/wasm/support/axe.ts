import axe from 'axe-core';
import type {Page} from 'playwright-core';

export interface AxeOptions {
    /** CSS selector of the part to look at; without it, the whole page. */
    readonly within?: string;
    /** Rules of axe that are left out here. Say why where you do. */
    readonly without?: readonly string[];
}

/**
 * What axe-core finds in a page, shadow roots included: one line a violation, with the rule, how bad it is, and the
 * elements. Rules are those of WCAG 2.2 A and AA, and axe's best practices. It works under any content security
 * policy, since the script does not come as a part of the page.
 *
 * ```ts
 * assert.deepEqual(await accessibilityViolations(page), []);
 * ```
 */
export async function accessibilityViolations(page: Page, options: AxeOptions = {}): Promise<readonly string[]> {
    await page.evaluate(axe.source);
    return page.evaluate(
        async ({within, without}) => {
            const {axe: run} = window as unknown as {axe: typeof axe};
            const rules = Object.fromEntries(without.map((rule) => [rule, {enabled: false}]));
            const {violations} = await run.run(within ?? document, {
                runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
                rules,
                resultTypes: ['violations'],
            });
            return violations.map(({id, impact, help, nodes}) => {
                const where = nodes.map(
                    ({target, any}) => `${target.flat().join(' ')} ${any.map(({message}) => message).join('; ')}`,
                );
                return `${id} (${impact}): ${help}: ${where.join(' | ')}`;
            });
        },
        {within: options.within ?? null, without: [...(options.without ?? [])]},
    );
}
