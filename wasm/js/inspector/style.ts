/** Of the panel, in its shadow root. Follows the system's light or dark, or the attribute `theme`. */
export const style = `
:host {
    --paper: light-dark(#ffffff, #1b1c1f);
    --ink: light-dark(#1c1d20, #e9e9ec);
    --quiet: light-dark(#5a5e66, #a4a8b1);
    --line: light-dark(#d9dbe0, #3a3d44);
    --shade: light-dark(#f4f5f7, #25272b);
    --accent: light-dark(#1a5fb4, #8ab8ff);
    color-scheme: light dark;
    display: block;
    overflow: auto;
    background: var(--paper);
    color: var(--ink);
    font: 14px/1.45 system-ui, sans-serif;
    border: 1px solid var(--line);
    border-radius: 8px;
}
:host([hidden]) { display: none; }
:host([theme='light']) { color-scheme: light; }
:host([theme='dark']) { color-scheme: dark; }
* { box-sizing: border-box; }
.panel { padding: 12px 16px; }
.bar { margin-bottom: 8px; display: flex; flex-wrap: wrap; gap: 8px 12px; align-items: center; justify-content: space-between; }
h2 { font-size: 16px; margin: 0; }
h3 { font-size: 13px; margin: 16px 0 6px; color: var(--quiet); }
p { margin: 6px 0; }
.quiet { color: var(--quiet); }
.status::before { content: '●'; margin-right: 6px; color: var(--quiet); }
.status[data-connection='connected']::before { color: light-dark(#1b6e3c, #6fd39a); }
.status[data-connection='connecting']::before { color: light-dark(#9a5a00, #f0b95a); }
dl { margin: 0; display: grid; gap: 2px; }
dl > div { display: grid; grid-template-columns: 9em 1fr; gap: 8px; }
dt { color: var(--quiet); }
dd { margin: 0; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
table { border-collapse: collapse; width: 100%; }
caption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
th, td { text-align: left; padding: 2px 8px 2px 0; font-weight: 400; border-bottom: 1px solid var(--line); }
thead th { color: var(--quiet); }
th[scope='row'] { overflow-wrap: anywhere; font-family: ui-monospace, monospace; font-size: 12px; }
td { font-variant-numeric: tabular-nums; }
details details { margin-left: 12px; border-left: 2px solid var(--line); padding-left: 8px; }
summary { cursor: pointer; padding: 3px 0; border-radius: 4px; overflow-wrap: anywhere; }
summary .line { color: var(--quiet); }
code, pre { font: 12px/1.5 ui-monospace, monospace; }
pre { margin: 4px 0; padding: 8px; background: var(--shade); border-radius: 6px; overflow: auto; max-height: 320px; }
ul, ol { margin: 4px 0; padding: 0; list-style: none; }
ul li { padding: 2px 0; }
ol { max-height: 200px; overflow: auto; background: var(--shade); border-radius: 6px; padding: 6px 8px; }
time { color: var(--quiet); font-variant-numeric: tabular-nums; }
input, select, button {
    font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--line);
    border-radius: 6px; padding: 4px 8px; min-height: 32px;
}
input { width: 100%; }
button { cursor: pointer; }
button[role='switch']::before { content: '○ '; }
button[role='switch'][aria-checked='true']::before { content: '● '; }
button[role='switch'][aria-checked='true'] { border-color: var(--accent); color: var(--accent); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
`;
