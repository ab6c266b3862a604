import type {ReactElement} from 'react';
import {renameBoard} from '../actions';
import {useBoard} from '../board';
import type {Person} from '../people';
import {home} from '../route';
import {CommittedField} from '../ui/committed-field';
import {Icon} from '../ui/icons';
import {addFieldId} from './add-item';
import {OnlineSwitch} from './online-switch';
import {People} from './people-here';
import {ShareButton} from './share-button';
import {SyncState} from './sync-state';

export function BoardHeader({people}: {readonly people: readonly Person[]}): ReactElement {
    const board = useBoard();
    return (
        <header className="header">
            <SkipButton />
            <div className="header-row">
                <a className="button button-quiet button-icon" href={home} aria-label="All boards">
                    <Icon name="back" />
                </a>
                <h1 className="visually-hidden">{board.title === '' ? 'Board' : board.title}</h1>
                <CommittedField
                    className="field-title"
                    label="Name of this board"
                    placeholder="Name this board"
                    value={board.title}
                    onCommit={(title) => board.perform(renameBoard(title), 'Board renamed')}
                />
                <People people={people} />
                <ShareButton />
            </div>
            <div className="header-row header-tools">
                <div className="tools" role="group" aria-label="Undo and redo">
                    <button
                        type="button"
                        className="button button-quiet button-icon"
                        aria-label="Undo"
                        aria-keyshortcuts="Control+Z"
                        title="Undo (Ctrl+Z)"
                        aria-disabled={!board.canUndo}
                        onClick={board.undo}
                    >
                        <Icon name="undo" />
                    </button>
                    <button
                        type="button"
                        className="button button-quiet button-icon"
                        aria-label="Redo"
                        aria-keyshortcuts="Control+Shift+Z"
                        title="Redo (Ctrl+Shift+Z)"
                        aria-disabled={!board.canRedo}
                        onClick={board.redo}
                    >
                        <Icon name="redo" />
                    </button>
                </div>
                <SyncState />
                <OnlineSwitch />
            </div>
        </header>
    );
}

/** Past all the rows, for those who go by Tab. */
function SkipButton(): ReactElement {
    return (
        <button type="button" className="button skip" onClick={() => document.getElementById(addFieldId)?.focus()}>
            Skip to adding an item
        </button>
    );
}
