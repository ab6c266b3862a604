'use client';
/**
 * React hooks for Syncline. React 18 or newer.
 *
 * ```tsx
 * const store = await open({name: 'tasks', url: 'wss://relay.example', token: fetchToken});
 * createRoot(element).render(<SynclineProvider space={store.space('team-42')}><Tasks /></SynclineProvider>);
 *
 * function Tasks() {
 *   const {entries} = useCollection('tasks', {filter: (task) => task.done !== true});
 *   return <ul>{entries.map(([id, task]) => <li key={id}>{String(task.title)}</li>)}</ul>;
 * }
 * ```
 *
 * Types  With a schema (`schema` of the package), take the hooks from {@link hooksFor}: they know its documents.
 * StrictMode and concurrent rendering  Nothing is subscribed or opened before a component is on the page, and all is
 *     let go when it leaves.
 * Servers  Render on a server shows nothing loaded, nobody present and no connection; the page takes over from that.
 */
export {SynclineProvider, useSpace} from './context.js';
export type {SynclineProviderProps} from './context.js';
export {useDocument} from './document.js';
export type {Loaded} from './loading-source.js';
export {hooksFor} from './hooks-for.js';
export type {Hooks} from './hooks-for.js';
export {useCollection} from './collection.js';
export type {CollectionOptions, CollectionState, Entry} from './collection.js';
export {usePresence} from './presence.js';
export {useSyncStatus} from './status.js';
export {useUndo} from './undo.js';
export type {Undo} from './undo.js';
export type {UndoOptions} from './undo-source.js';
export {useLiveText} from './live-text.js';
export type {LiveTextState} from './live-text.js';
