import { useQuery } from "@tanstack/react-query";
import { LoaderCircle } from "lucide-react";
import { type FormEvent, useEffect, useState } from "react";
import { ApiError, post } from "@/api/client";
import { asRecord, asText, type Wire } from "@/api/read";
import { keepCredentials } from "@/api/session";
import { messageOf } from "@/components/States";
import { Button } from "@/components/ui/button";
import { AuthFrame } from "./AuthFrame";
import { CodeField } from "./CodeField";
import { begunSso, endSso, readSsoAnswer } from "./sso";

/** Where the provider sends people back to. */
export const isSsoPage = (path: string) => path === "/sso";

const nothing = (event: FormEvent) => event.preventDefault();

function finish(code?: string): Promise<"signed-in"> {
  const answer = readSsoAnswer(window.location.search);
  const begun = begunSso();
  const wrong = new ApiError(401, "SIGN_IN_OVER", "This sign-in was not begun in this tab, or is over. Begin again.");
  if (!begun || answer.state === "") return Promise.reject(wrong);
  const body = {
    state: answer.state,
    browser: begun.browser,
    ...(answer.code ? { code: answer.code } : {}),
    ...(answer.iss ? { iss: answer.iss } : {}),
    ...(answer.error ? { error: answer.error.slice(0, 100) } : {}),
    ...(code ? { secondFactorCode: code } : {}),
  } satisfies Wire<"FinishSsoRequest">;
  return post("/auth/sso/finish", body).then((found) => {
    const row: Wire<"LoginResponse"> = asRecord(found);
    keepCredentials({ token: asText(row.token), csrfToken: asText(row.csrfToken) });
    endSso();
    // The code does not stay in the address, nor in the way back.
    window.location.replace(begun.returnTo);
    return "signed-in";
  });
}

/** Finishes a sign-in at the tenant's provider, and goes on where it was begun. */
export function SsoPage() {
  const first = useQuery({
    queryKey: ["sso"],
    queryFn: () => finish(),
    // An answer is good once: whatever came of it stays.
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: Number.POSITIVE_INFINITY,
    refetchOnMount: false,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  });
  const [code, setCode] = useState("");
  const [fault, setFault] = useState<string | null>(null);
  const [asksCode, setAsksCode] = useState(false);
  useEffect(() => {
    if (first.error instanceof ApiError && first.error.code === "SECOND_FACTOR_REQUIRED") setAsksCode(true);
  }, [first.error]);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setFault(null);
    try {
      await finish(code);
    } catch (error) {
      setFault(messageOf(error));
      if (error instanceof ApiError && error.code === "SIGN_IN_OVER") setAsksCode(false);
    }
  };

  if (asksCode) {
    return (
      <AuthFrame
        title="One more step"
        note="Your tenant asks for your second factor too."
        fault={fault}
        onSubmit={submit}
      >
        <CodeField value={code} onChange={setCode} />
        <Button type="submit" size="lg">
          Go on
        </Button>
      </AuthFrame>
    );
  }
  if (first.error) {
    return (
      <AuthFrame title="You were not signed in" note={fault ?? messageOf(first.error)} onSubmit={nothing}>
        <Button type="button" size="lg" autoFocus onClick={() => window.location.assign("/")}>
          Back to sign-in
        </Button>
      </AuthFrame>
    );
  }
  return (
    <AuthFrame title="One moment" note="Your provider's answer is being checked." onSubmit={nothing}>
      <LoaderCircle className="animate-spin text-soft" role="status" aria-label="Loading" />
    </AuthFrame>
  );
}
