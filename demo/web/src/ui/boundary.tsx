import {Component, type ReactNode} from 'react';

export interface BoundaryProps {
    readonly children: ReactNode;
    /** Shown in their place when they could not be. */
    readonly instead: (error: Error) => ReactNode;
}

/** Keeps what breaks in one part of the page from taking the rest with it. */
export class Boundary extends Component<BoundaryProps, {readonly error: Error | null}> {
    override state = {error: null};

    static getDerivedStateFromError(error: Error): {readonly error: Error} {
        return {error};
    }
    override render(): ReactNode {
        const {error} = this.state;
        return error === null ? this.props.children : this.props.instead(error);
    }
}
