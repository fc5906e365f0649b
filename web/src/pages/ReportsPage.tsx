import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { ChartColumn, Download } from "lucide-react";
import { type ReactNode, useId, useMemo, useState } from "react";
import { saveFile, toCsv } from "@/api/csv";
import { balanceQuery } from "@/api/queries";
import {
  type Figures,
  type Group,
  isByTime,
  isGroup,
  knowsPartners,
  namesOf,
  type Report,
  type ReportRow,
  reportQuery,
  share,
  zoneQuery,
} from "@/api/reports";
import { useAuth } from "@/auth/AuthProvider";
import { may } from "@/auth/permissions";
import { BarChart } from "@/components/BarChart";
import { bandsOf, CALL_BANDS } from "@/components/CallsChart";
import { PageHeader } from "@/components/PageHeader";
import { PeriodSelect } from "@/components/PeriodSelect";
import { Picker } from "@/components/Picker";
import { Empty, Failure, Missing } from "@/components/States";
import { Button } from "@/components/ui/button";
import { Card, CardHeader } from "@/components/ui/card";
import { cn } from "@/components/ui/cn";
import { NativeSelect } from "@/components/ui/input";
import { SkeletonRows } from "@/components/ui/skeleton";
import { dayAgo, dayStart, ownZone } from "@/format/days";
import { formatMoney, toDecimal } from "@/format/money";
import { formatDurationWords, formatPercent } from "@/format/time";
import type { ReportsSearch } from "@/router";

const route = getRouteApi("/reports");

const WORDS: Record<Group, { option: string; first: string }> = {
  hour: { option: "By hour", first: "Hour" },
  day: { option: "By day", first: "Day" },
  week: { option: "By week", first: "Week" },
  month: { option: "By month", first: "Month" },
  campaign: { option: "By campaign", first: "Campaign" },
  status: { option: "By status", first: "Status" },
};

/** Days without a choice in the address. */
const USUAL_DAYS = 6;

/** Bars beyond it would be thinner than what parts them. */
const BARS_MAX = 400;

interface Shown {
  header: string;
  /** As people read it, and as a file has it. */
  text: (figures: Figures, currency: string) => string | null;
  plain: (figures: Figures) => string | number | null;
}

const count = (value: number | null) => (value === null ? null : value.toLocaleString("en-US"));
const percent = (value: number | null) => (value === null ? null : formatPercent(value));
const money = (header: string, of: (figures: Figures) => Figures["revenue"]): Shown => {
  const amount = (figures: Figures) => of(figures);
  return {
    header,
    text: (figures, currency) => {
      const value = amount(figures);
      return value === null ? null : formatMoney(value, currency);
    },
    plain: (figures) => {
      const value = amount(figures);
      return value === null ? null : toDecimal(value, 4);
    },
  };
};

const FIGURES: Shown[] = [
  { header: "Calls", text: ({ calls }) => count(calls), plain: ({ calls }) => calls },
  { header: "Answered", text: ({ answered }) => count(answered), plain: ({ answered }) => answered },
  {
    header: "Answer rate",
    text: ({ answered, calls }) => percent(share(answered, calls)),
    plain: ({ answered, calls }) => share(answered, calls),
  },
  { header: "Sold", text: ({ converted }) => count(converted), plain: ({ converted }) => converted },
  {
    header: "Sold of answered",
    text: ({ converted, answered }) => percent(share(converted, answered)),
    plain: ({ converted, answered }) => share(converted, answered),
  },
  {
    header: "Average talk",
    text: ({ talk }) => (talk === null ? null : formatDurationWords(talk)),
    plain: ({ talk }) => talk,
  },
  { header: "Minutes", text: ({ minutes }) => count(minutes), plain: ({ minutes }) => minutes },
  money("Revenue", ({ revenue }) => revenue),
  money("Payout", ({ payout }) => payout),
  money("Platform cost", ({ cost }) => cost),
];

/** The columns a report has figures for. */
const columnsOf = (rows: ReportRow[]): Shown[] =>
  FIGURES.filter(({ header, plain }) => header === "Answer rate" || rows.some((row) => plain(row) !== null));

/** Calls of a period, told apart by time, campaign or status. Its days are the tenant's, so its zone is asked for first. */
export function ReportsPage() {
  const zone = useQuery(zoneQuery);
  return (
    <>
      {zone.data === undefined ? (
        <>
          <PageHeader title="Reports" hint={HINT} />
          <Card>
            {zone.error ? (
              <Failure what="The report" error={zone.error} onRetry={() => void zone.refetch()} />
            ) : (
              <SkeletonRows rows={8} />
            )}
          </Card>
        </>
      ) : (
        <ReportOfDays zone={zone.data} />
      )}
    </>
  );
}

const HINT = "Calls, minutes and money of a period";

function ReportOfDays({ zone }: { zone: string }) {
  const search = route.useSearch();
  const navigate = useNavigate();
  const { user } = useAuth();
  const by = isGroup(search.by) ? search.by : "day";
  const from = search.from ?? dayAgo(USUAL_DAYS, zone);
  // One moment for as long as the page stands: each rendering would ask for another report.
  const [now] = useState(() => new Date().toISOString());
  const ending = dayStart(search.until, 1, zone);
  const report = useQuery(
    reportQuery({
      by,
      startDate: dayStart(from, 0, zone) ?? "",
      endDate: ending === undefined || ending > now ? now : ending,
      campaignId: search.campaignId,
      ...(knowsPartners(by) ? { publisherId: search.publisherId, buyerId: search.buyerId } : {}),
    }),
  );
  const currency = useQuery({ ...balanceQuery, enabled: may(user, "billing:read") }).data?.currency ?? "USD";
  const change = (next: Partial<ReportsSearch>) =>
    void navigate({ to: "/reports", search: (old) => ({ ...old, ...next }), replace: true });
  // While another one is on its way the last one is shown, under its own names.
  const shown = report.data?.by ?? by;
  const name = (row: ReportRow) => namesOf(row, shown, report.data?.timeZone ?? "UTC");
  const rows = report.data?.rows ?? [];
  const save = () => {
    const columns = columnsOf(rows);
    const text = toCsv(
      [WORDS[shown].first, ...columns.map(({ header }) => header)],
      rows.map((row) => [
        row.at === null ? row.value : new Date(row.at).toISOString(),
        ...columns.map(({ plain }) => plain(row)),
      ]),
    );
    saveFile(new Blob([text], { type: "text/csv" }), `report-by-${shown}-from-${from}.csv`);
  };
  return (
    <>
      <PageHeader
        title="Reports"
        hint={HINT}
        actions={
          <Button variant="outline" disabled={rows.length === 0 || report.isPlaceholderData} onClick={save}>
            <Download /> CSV of what is shown
          </Button>
        }
      />
      <Card className="mb-5">
        <Filters search={{ ...search, from }} by={by} zone={zone} onChange={change} />
      </Card>
      {report.data ? (
        <div
          className={cn("grid grid-cols-1 gap-5 transition-opacity", report.isPlaceholderData && "opacity-60")}
          aria-busy={report.isPlaceholderData}
        >
          <Totals total={report.data.total} currency={currency} />
          {report.data.total.calls === 0 ? (
            <Card>
              <Empty icon={ChartColumn} title="No calls in this time">
                Try a longer period, or fewer filters.
              </Empty>
            </Card>
          ) : (
            <>
              <Chart report={report.data} currency={currency} name={name} />
              <Table
                report={report.data}
                currency={currency}
                name={(row) => {
                  const { long } = name(row);
                  return shown === "campaign" && row.campaignId ? (
                    <Link
                      to="/reports"
                      search={{ ...search, by: "day", campaignId: row.campaignId }}
                      className="text-link hover:underline"
                    >
                      {long}
                    </Link>
                  ) : (
                    long
                  );
                }}
              />
            </>
          )}
        </div>
      ) : (
        <Card>
          {report.error ? (
            <Failure what="The report" error={report.error} onRetry={() => void report.refetch()} />
          ) : (
            <SkeletonRows rows={8} />
          )}
        </Card>
      )}
    </>
  );
}

interface FiltersProps {
  search: ReportsSearch;
  by: Group;
  zone: string;
  onChange: (next: Partial<ReportsSearch>) => void;
}

function Filters({ search, by, zone, onChange }: FiltersProps) {
  const partners = knowsPartners(by);
  const noteId = useId();
  const pick = (key: "campaignId" | "publisherId" | "buyerId") => ({
    value: search[key] ?? "",
    onChange: (value: string) => onChange({ [key]: value || undefined }),
  });
  return (
    <fieldset
      aria-label="Filters"
      className="grid grid-cols-2 gap-2.5 p-3 sm:px-5 sm:py-4 md:flex md:flex-wrap md:items-center"
    >
      <PeriodSelect from={search.from} until={search.until} zone={zone} onChange={onChange} />
      <NativeSelect
        aria-label="Told apart"
        className="md:w-40"
        value={by}
        onChange={({ target }) => onChange({ by: target.value as Group })}
      >
        {Object.entries(WORDS).map(([group, { option }]) => (
          <option key={group} value={group}>
            {option}
          </option>
        ))}
      </NativeSelect>
      <Picker {...pick("campaignId")} aria-label="Campaign" kind="campaign" none="Any campaign" className="md:w-44" />
      {(["publisher", "buyer"] as const).map((side) => (
        <Picker
          key={side}
          {...pick(`${side}Id`)}
          aria-label={side === "publisher" ? "Publisher" : "Buyer"}
          kind={side}
          none={`Any ${side}`}
          disabled={!partners}
          {...(partners ? {} : { "aria-describedby": noteId })}
          className="md:w-44"
        />
      ))}
      {partners && zone === ownZone() ? null : (
        <p className="col-span-2 w-full text-[13px] text-soft">
          {partners ? null : (
            <span id={noteId}>
              {search.publisherId || search.buyerId
                ? "This report is of every publisher and buyer: only reports by hour or day are narrowed to one. "
                : "Reports by hour or day can be narrowed to a publisher or buyer. "}
            </span>
          )}
          {zone === ownZone() ? null : <span>Days begin at midnight in {zone.replaceAll("_", " ")}.</span>}
        </p>
      )}
    </fieldset>
  );
}

function Totals({ total, currency }: { total: Figures; currency: string }) {
  const shown = FIGURES.filter(({ header }) => header !== "Minutes");
  return (
    <Card className="overflow-hidden">
      <dl className="grid grid-cols-2 gap-px bg-line sm:grid-cols-3">
        {shown.map(({ header, text }) => (
          <div key={header} className="bg-surface px-4 py-3 last:col-span-2 sm:px-5 sm:last:col-span-1">
            <dt className="text-[13px] text-soft">{header}</dt>
            <dd className="tabular mt-0.5 text-lg font-semibold">{text(total, currency) ?? <Missing />}</dd>
          </div>
        ))}
      </dl>
    </Card>
  );
}

interface PartProps {
  report: Report;
  currency: string;
}

function Chart({ report, currency, name }: PartProps & { name: (row: ReportRow) => { short: string; long: string } }) {
  const bands = useMemo(
    // Without a word on sales what was answered is all that is known.
    () =>
      report.rows.some(({ converted }) => converted !== null)
        ? CALL_BANDS
        : CALL_BANDS.slice(1).map((band) => (band.key === "answered" ? { ...band, label: "Answered" } : band)),
    [report],
  );
  return (
    <Card>
      <CardHeader
        title={`Calls ${WORDS[report.by].option.toLowerCase()}`}
        hint={isByTime(report.by) ? `Days and hours of ${report.timeZone.replaceAll("_", " ")}` : undefined}
      />
      {report.rows.length > BARS_MAX ? (
        <p className="px-4 pb-4 text-[13px] text-soft sm:px-5">
          Too many hours for bars beside each other; they are in the table.
        </p>
      ) : (
        <BarChart
          title={`Calls ${WORDS[report.by].option.toLowerCase()}`}
          empty="No calls in this time"
          bands={bands}
          columns={report.rows.map((row) => {
            const { calls, answered, converted, revenue } = row;
            const values = bandsOf(calls, answered, converted);
            const told = [
              `${calls} calls, ${answered} answered`,
              revenue === null ? null : formatMoney(revenue, currency),
            ];
            return {
              key: row.id,
              ...name(row),
              told: told.filter(Boolean).join(", "),
              values: bands.length === CALL_BANDS.length ? values : values.slice(1),
            };
          })}
        />
      )}
    </Card>
  );
}

function Table({ report, currency, name }: PartProps & { name: (row: ReportRow) => ReactNode }) {
  const columns = columnsOf(report.rows);
  return (
    <Card className="overflow-hidden">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable to scroll it by keys. */}
      <section aria-label="Table" className="relative max-h-[36rem] overflow-auto" tabIndex={0}>
        <table className="w-full text-left text-sm whitespace-nowrap">
          <caption className="sr-only">Calls {WORDS[report.by].option.toLowerCase()}</caption>
          <thead className="sticky top-0 z-10 bg-sunken text-xs text-soft">
            <tr>
              <th scope="col" className="px-4 py-2.5 font-medium sm:px-5">
                {WORDS[report.by].first}
              </th>
              {columns.map(({ header }) => (
                <th key={header} scope="col" className="px-3 py-2.5 text-right font-medium last:pr-5">
                  {header}
                </th>
              ))}
            </tr>
          </thead>
          <tbody className="divide-y divide-line">
            {report.rows.map((row) => (
              <tr key={row.id}>
                <th scope="row" className="px-4 py-2.5 font-medium sm:px-5">
                  {name(row)}
                </th>
                {columns.map(({ header, text }) => (
                  <td key={header} className="tabular px-3 py-2.5 text-right last:pr-5">
                    {text(row, currency) ?? <Missing label="None to take a share of, or not told by this report" />}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </Card>
  );
}
