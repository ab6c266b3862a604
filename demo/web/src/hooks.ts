/** Syncline's hooks, with the types of a board's documents. */
import {hooksFor} from 'syncline/react';
import type {App} from './model';

export const {SynclineProvider, useCollection, useDocument, useLiveText, useSpace, useUndo} = hooksFor<App>();
