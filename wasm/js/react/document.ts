import {useMemo} from 'react';
import type {DocumentValue, Space} from '../api.js';
import {useSpace} from './context.js';
import {LoadingSource} from './loading-source.js';
import type {Loaded} from './loading-source.js';
import {useSource} from './source.js';

function documentSource(space: Space, collection: string, id: string): LoadingSource<DocumentValue | undefined> {
    const document = space.document(collection, id);
    return new LoadingSource<DocumentValue | undefined>(
        {
            read: () => document.value,
            complete: () => document.value !== undefined,
            load: () => document.load(),
            observe: (listener) => document.observe(listener),
        },
        undefined,
    );
}

/**
 * A document of the space: `value` is undefined while it is not `loaded`, and when there is none. The component
 * renders again when this document changes, and only then.
 */
export function useDocument(collection: string, id: string): Loaded<DocumentValue | undefined> {
    const space = useSpace();
    return useSource(useMemo(() => documentSource(space, collection, id), [space, collection, id]));
}
