import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode, useEffect, useState } from "react";
import { createRoot } from "react-dom/client";
import { Toaster } from "sonner";
import { ApiError } from "./api/client";
import { loadConfig } from "./api/config";
import { AuthProvider, useAuth } from "./auth/AuthProvider";
import { isLinkPage, LinkPage } from "./auth/LinkPage";
import { PendingPage } from "./auth/PendingPage";
import { SignIn } from "./auth/SignIn";
import { isSsoPage, SsoPage } from "./auth/SsoPage";
import { StepUp } from "./auth/StepUp";
import { Mark } from "./components/Logo";
import { Failure } from "./components/States";
import { useDark, watchTheme } from "./components/theme";
import { TooltipProvider } from "./components/ui/tooltip";
import { LiveProvider } from "./live/LiveProvider";
import { router } from "./router";
import "./styles.css";

const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5000,
      // A refusal stays a refusal; silence may pass.
      retry: (count, error) => count < 2 && !(error instanceof ApiError && error.status >= 400 && error.status < 500),
      retryDelay: (attempt) => Math.min(500 * 2 ** attempt, 4000),
    },
  },
});

function Configured() {
  const [state, setState] = useState<"loading" | "ready" | Error>("loading");
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    if (attempt >= 0)
      loadConfig().then(
        () => setState("ready"),
        (cause: unknown) => setState(cause instanceof Error ? cause : new Error("No configuration")),
      );
  }, [attempt]);
  if (state === "loading") return <Splash />;
  if (state instanceof Error) {
    return <Failure what="The configuration" error={state} onRetry={() => setAttempt((count) => count + 1)} />;
  }
  return (
    <AuthProvider>
      <Gate />
    </AuthProvider>
  );
}

function Gate() {
  const { user, status, error, retry } = useAuth();
  const dark = useDark();
  if (isLinkPage(window.location.pathname)) return <LinkPage />;
  if (isSsoPage(window.location.pathname)) return <SsoPage />;
  if (status === "loading") return <Splash />;
  if (status === "unreachable") {
    return (
      <div className="grid min-h-dvh place-items-center">
        <Failure what="Your session" error={error} onRetry={retry} />
      </div>
    );
  }
  if (status === "signed-out") return <SignIn />;
  if (user?.pending) return <PendingPage pending={user.pending} />;
  return (
    <LiveProvider>
      <TooltipProvider delayDuration={250}>
        <RouterProvider router={router} />
        <StepUp />
      </TooltipProvider>
      <Toaster theme={dark ? "dark" : "light"} position="top-center" richColors closeButton />
    </LiveProvider>
  );
}

function Splash() {
  return (
    <div role="status" aria-label="Loading" className="grid min-h-dvh place-items-center">
      <Mark className="size-12 animate-shimmer" />
    </div>
  );
}

watchTheme();
const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <Configured />
    </QueryClientProvider>
  </StrictMode>,
);
