import { Component } from "react";
import { texts } from "../lib/texts";
import { Button } from "../components/ui/button";
import { Notice } from "../components/ui/notice";
import type { ReactNode } from "react";

interface ErrorBoundaryProps {
  readonly children: ReactNode;
}

/** Shows something useful where the page itself broke. */
export class ErrorBoundary extends Component<ErrorBoundaryProps, { readonly broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError(): { broken: boolean } {
    return { broken: true };
  }

  override render(): ReactNode {
    if (!this.state.broken) return this.props.children;
    return (
      <Notice
        title={texts.app.broken}
        tone="danger"
        actions={<Button onClick={() => window.location.reload()}>{texts.action.reload}</Button>}
      >
        <p>{texts.app.brokenBody}</p>
      </Notice>
    );
  }
}
