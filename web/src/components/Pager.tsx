import { ChevronLeft, ChevronRight } from "lucide-react";
import { Button } from "./ui/button";

interface PagerProps {
  page: number;
  totalPages: number | null;
  /** Whether the page is full, which is all there is to go by where the API gives no total. */
  full: boolean;
  /** Whether the newest come first. Without it the order is another one, such as the name's. */
  byTime?: boolean | undefined;
  onPage: (page: number) => void;
}

export function Pager({ page, totalPages, full, byTime = false, onPage }: PagerProps) {
  const more = totalPages === null ? full : page < totalPages;
  if (page === 1 && !more) return null;
  return (
    <nav aria-label="Pages" className="mt-4 flex items-center justify-between gap-4">
      <Button variant="outline" size="sm" disabled={page <= 1} onClick={() => onPage(page - 1)}>
        <ChevronLeft /> {byTime ? "Newer" : "Previous"}
      </Button>
      <span className="tabular text-[13px] text-soft">
        Page {page}
        {totalPages === null ? "" : ` of ${totalPages}`}
      </span>
      <Button variant="outline" size="sm" disabled={!more} onClick={() => onPage(page + 1)}>
        {byTime ? "Older" : "Next"} <ChevronRight />
      </Button>
    </nav>
  );
}
