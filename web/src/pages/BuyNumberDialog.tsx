import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { LoaderCircle, Search, SearchX } from "lucide-react";
import { type FormEvent, useState } from "react";
import { toast } from "sonner";
import { post } from "@/api/client";
import { type AvailableNumber, type NumberSearch, PROVIDERS, providerName, purchaseRemedy } from "@/api/numbers";
import { availableNumbersQuery } from "@/api/queries";
import type { Wire } from "@/api/read";
import { Phone } from "@/components/CallParts";
import { ListBody } from "@/components/ListBody";
import { Picker } from "@/components/Picker";
import { messageOf } from "@/components/States";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { Field, Input, NativeSelect } from "@/components/ui/input";
import { formatRate } from "@/format/money";
import { formatPhone } from "@/format/phone";

const ANYTHING: NumberSearch = { country: "US", areaCode: "", region: "", provider: "" };

/** Searches numbers that providers sell, and buys one. */
export function BuyNumberDialog({ onClose }: { onClose: () => void }) {
  const client = useQueryClient();
  const [form, setForm] = useState(ANYTHING);
  const [search, setSearch] = useState<NumberSearch | null>(null);
  const [campaign, setCampaign] = useState("");
  const found = useQuery(availableNumbersQuery(search));
  const buy = useMutation({
    mutationFn: ({ number }: AvailableNumber) => {
      const body = {
        number,
        purchase: true,
        country: search?.country || null,
        provider: search?.provider || null,
        campaignId: campaign || null,
      } satisfies Wire<"ProvisionNumberRequest">;
      return post("/api/v1/numbers", body);
    },
    onSuccess: (_, { number }) => {
      toast.success(`${formatPhone(number)} is yours`);
      onClose();
    },
    onSettled: () =>
      Promise.all(
        ["numbers", "number-orders", "campaigns"].map((key) => client.invalidateQueries({ queryKey: [key] })),
      ),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    buy.reset();
    // The same words again ask again: what was for sale may be gone.
    if (JSON.stringify(search) === JSON.stringify(form)) void found.refetch();
    setSearch(form);
  };
  const set = (part: Partial<NumberSearch>) => setForm((old) => ({ ...old, ...part }));
  const remedy = purchaseRemedy(buy.error);
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title="Buy a number"
      description="Numbers for sale are not kept for you: the first to buy has it."
      className="sm:w-[38rem]"
    >
      <form onSubmit={submit} className="grid grid-cols-2 gap-4">
        <Field label="Country" hint="Two letters">
          {(control) => (
            <Input
              {...control}
              required
              pattern="[A-Za-z]{2}"
              maxLength={2}
              autoComplete="off"
              value={form.country}
              onChange={(event) => set({ country: event.target.value.toUpperCase() })}
            />
          )}
        </Field>
        <Field label="Area code" hint="Three digits">
          {(control) => (
            <Input
              {...control}
              inputMode="numeric"
              pattern="[2-9][0-9]{2}"
              maxLength={3}
              placeholder="Any"
              autoComplete="off"
              value={form.areaCode}
              onChange={(event) => set({ areaCode: event.target.value })}
            />
          )}
        </Field>
        <Field label="State or province">
          {(control) => (
            <Input
              {...control}
              maxLength={2}
              placeholder="Any"
              autoComplete="off"
              value={form.region}
              onChange={(event) => set({ region: event.target.value.toUpperCase() })}
            />
          )}
        </Field>
        <Field label="Provider">
          {(control) => (
            <NativeSelect
              {...control}
              value={form.provider}
              onChange={(event) => set({ provider: event.target.value })}
            >
              <option value="">As usual here</option>
              {PROVIDERS.map((each) => (
                <option key={each} value={each}>
                  {providerName(each)}
                </option>
              ))}
            </NativeSelect>
          )}
        </Field>
        <Field label="For" className="col-span-2">
          {(control) => (
            <Picker {...control} kind="campaign" none="No campaign yet" value={campaign} onChange={setCampaign} />
          )}
        </Field>
        <Button type="submit" variant="outline" className="col-span-2" disabled={found.isFetching}>
          {found.isFetching ? <LoaderCircle className="animate-spin" /> : <Search />} Search
        </Button>
      </form>
      {buy.error ? (
        <div role="alert" className="mt-4 rounded-lg bg-bad-soft px-3 py-2.5 text-[13px] text-bad-text">
          {messageOf(buy.error)}
          {remedy ? <p className="mt-1">{remedy}</p> : null}
        </div>
      ) : null}
      {search ? (
        <div className="mt-4 rounded-lg border border-line">
          <ListBody
            query={found}
            what="Numbers for sale"
            icon={SearchX}
            emptyTitle="No number fits"
            emptyHint="Try another area code, or none."
          >
            {(items) => (
              <ul aria-label="Numbers for sale" className="divide-y divide-line">
                {items.map((each) => (
                  <li key={each.number} className="flex flex-wrap items-center gap-x-3 gap-y-1 px-3 py-2">
                    <span className="min-w-0 flex-1">
                      <Phone value={each.number} className="font-medium" />
                      <span className="block text-[13px] text-soft">
                        {[each.region, each.monthlyPrice === null ? null : `${formatRate(each.monthlyPrice)} a month`]
                          .filter(Boolean)
                          .join(", ")}
                      </span>
                    </span>
                    <span className="hidden gap-1.5 sm:flex">
                      {each.capabilities.map((name) => (
                        <Badge key={name}>{name}</Badge>
                      ))}
                    </span>
                    <Button
                      size="sm"
                      aria-label={`Buy ${formatPhone(each.number)}`}
                      disabled={buy.isPending}
                      onClick={() => buy.mutate(each)}
                    >
                      {buy.isPending && buy.variables.number === each.number ? (
                        <LoaderCircle className="animate-spin" />
                      ) : null}
                      Buy
                    </Button>
                  </li>
                ))}
              </ul>
            )}
          </ListBody>
        </div>
      ) : null}
    </Dialog>
  );
}
