import { Field, Input } from "@/components/ui/input";

/** Asks who signs in for the code of their second factor. */
export function CodeField({ value, onChange }: { value: string; onChange: (code: string) => void }) {
  return (
    <Field label="Code" hint="Of your authenticator app, or a recovery code.">
      {(control) => (
        <Input
          {...control}
          name="code"
          autoComplete="one-time-code"
          autoFocus
          required
          value={value}
          onChange={(event) => onChange(event.target.value)}
          className="h-11 font-mono"
        />
      )}
    </Field>
  );
}
