import "./lib/strict-csp-zod";
import "./styles/tokens.css";
import "./styles/base.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Root } from "./app/root";
import { createApiClient } from "./lib/api-client";
import { createDraft } from "./lib/draft";

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no element with the id root");

createRoot(root).render(
  <StrictMode>
    <Root
      dependencies={{
        client: createApiClient(),
        draft: createDraft(() => window.localStorage),
        random: Math.random,
      }}
    />
  </StrictMode>,
);
